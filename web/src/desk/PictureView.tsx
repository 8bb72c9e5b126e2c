/** A player's picture in a thread; a click shows it large in the page, Escape or another click closes it. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Image } from "../protocol";
import { useTools } from "./context";
import "./picture.css";

export function PictureView({ image }: { image: Image }): JSX.Element {
  const { picture } = useTools().strings;
  const [gone, setGone] = useState(false);
  const [large, setLarge] = useState(false);
  const source = `/api/images/${image.id}`;
  if (gone) return <span class="soft">{picture.gone}</span>;
  return (
    <>
      <button class="picture" data-testid="picture-view" aria-label={picture.open} onClick={() => setLarge(true)}>
        <img
          src={source}
          width={image.width}
          height={image.height}
          alt={picture.alt}
          loading="lazy"
          onError={() => setGone(true)}
        />
      </button>
      {large && <Large source={source} onClose={() => setLarge(false)} />}
    </>
  );
}

function Large({ source, onClose }: { source: string; onClose(): void }): JSX.Element {
  const { picture } = useTools().strings;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => before instanceof HTMLElement && before.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      class="picture-large"
      data-testid="picture-large"
      aria-label={picture.alt}
      onClose={onClose}
      onClick={() => dialog.current?.close()}
    >
      <img src={source} alt={picture.alt} />
      <button class="picture-close" aria-label={picture.close} onClick={() => dialog.current?.close()}>
        ×
      </button>
    </dialog>
  );
}
