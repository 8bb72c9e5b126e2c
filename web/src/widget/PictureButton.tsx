/** Where the player picks pictures; the browser offers the camera on a phone. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { useTools } from "./context";

interface Props {
  onPicked(files: File[]): void;
}

export function PictureButton({ onPicked }: Props): JSX.Element {
  const { picture } = useTools().strings;
  const input = useRef<HTMLInputElement>(null);
  const picked = (event: Event): void => {
    const field = event.currentTarget as HTMLInputElement;
    const files = [...(field.files ?? [])];
    field.value = ""; // the same file may be picked again
    if (files.length > 0) onPicked(files);
  };
  return (
    <>
      <button
        type="button"
        class="picture-button"
        data-testid="picture"
        aria-label={picture.button}
        onClick={() => input.current?.click()}
      >
        <PictureIcon />
      </button>
      <input
        ref={input}
        type="file"
        accept="image/jpeg,image/png,image/webp,image/gif"
        multiple
        hidden
        data-testid="picture-file"
        onChange={picked}
      />
    </>
  );
}

const PictureIcon = (): JSX.Element => (
  <svg
    width={20}
    height={20}
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="1.8"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
    focusable="false"
  >
    <rect x="3.5" y="5" width="17" height="14" rx="2.5" />
    <circle cx="9" cy="10" r="1.6" />
    <path d="m4.5 17 5-4.5 3.5 3 3-2.5 4 3.5" />
  </svg>
);

/** The pictures that a paste or a drop brings; none when it brings something else. */
export function picturesIn(data: DataTransfer | null): File[] {
  return [...(data?.files ?? [])].filter((file) => file.type.startsWith("image/"));
}
