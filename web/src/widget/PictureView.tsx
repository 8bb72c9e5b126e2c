/** A picture in the log; a tap shows it large, Escape or another tap closes it. */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Image } from "../protocol";
import { useTools } from "./context";

interface Props {
  image: Image;
  base: string; // the server's origin
}

export function PictureView({ image, base }: Props): JSX.Element {
  const { picture } = useTools().strings;
  const [gone, setGone] = useState(false);
  const [large, setLarge] = useState(false);
  const source = new URL(`/api/images/${image.id}`, base).href;
  if (gone) return <>{picture.gone}</>;
  return (
    <>
      <button type="button" class="picture" data-testid="picture-view" aria-label={picture.open} onClick={() => setLarge(true)}>
        <img
          src={source}
          width={image.width || undefined} // 0: not known yet
          height={image.height || undefined}
          alt={picture.alt}
          loading="lazy"
          decoding="async"
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
  useEffect(() => dialog.current?.showModal(), []);
  // Escape closes the picture, not the chat.
  const keyDown = (event: KeyboardEvent): void => event.stopPropagation();
  return (
    <dialog
      ref={dialog}
      class="picture-large"
      data-testid="picture-large"
      aria-label={picture.alt}
      onKeyDown={keyDown}
      onClose={onClose}
      onClick={() => dialog.current?.close()}
    >
      <img src={source} alt={picture.alt} />
      <button type="button" class="picture-close" aria-label={picture.close} onClick={() => dialog.current?.close()}>
        ×
      </button>
    </dialog>
  );
}
