/** A modal dialog: the browser keeps the focus inside; afterwards it goes back to where it was. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface Props {
  title: string;
  hint?: string;
  testid: string;
  onCancel(): void;
  onSubmit(): void;
  children: ComponentChildren;
}

export function Dialog({ title, hint, testid, onCancel, onSubmit, children }: Props): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    if (!dialog.current?.open) dialog.current?.showModal();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  const submit = (event: Event): void => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <dialog ref={dialog} class="dialog" aria-label={title} data-testid={testid} onClose={onCancel}>
      <form onSubmit={submit}>
        <h2>{title}</h2>
        {hint && <p class="soft">{hint}</p>}
        {children}
      </form>
    </dialog>
  );
}
