/** Keeps a list of messages at its end while its reader is there. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

const NEAR_END_PX = 80;

interface Away {
  lost: boolean; // there is something new that the reader, who has scrolled up, does not see
  toEnd(): void;
}

/**
 * Follows the newest message when `mark` changes, unless the reader has scrolled away from the end; a change of `own`,
 * what they wrote themselves, takes them there from anywhere. Of a message taller than the box the beginning is shown.
 */
export function useStickToEnd(box: { current: HTMLElement | null }, mark: string, own: string): Away {
  const near = useRef(true);
  const [lost, setLost] = useState(false);
  const toEnd = (): void => {
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    let before = element.scrollTop;
    const scrolled = (): void => {
      const atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END_PX;
      // Only the reader scrolls up; a box that shrank or grew did not move them away.
      if (atEnd || element.scrollTop < before) near.current = atEnd;
      before = element.scrollTop;
      if (atEnd) setLost(false);
    };
    const resized = new ResizeObserver(() => near.current && toNewest(element));
    element.addEventListener("scroll", scrolled, { passive: true });
    resized.observe(element);
    return () => {
      element.removeEventListener("scroll", scrolled);
      resized.disconnect();
    };
  }, [box]);
  useLayoutEffect(() => {
    if (near.current) toNewest(box.current);
    else setLost(true);
  }, [mark]);
  useLayoutEffect(() => {
    if (own) toEnd();
  }, [own]);
  return { lost, toEnd };
}

function toNewest(box: HTMLElement | null): void {
  if (!box) return;
  box.scrollTop = box.scrollHeight;
  const rows = box.querySelectorAll<HTMLElement>("[data-n], [data-sender]"); // what is on its way has no number yet;
  const newest = rows[rows.length - 1];
  if (!newest) return;
  const hidden = box.getBoundingClientRect().top - newest.getBoundingClientRect().top;
  if (hidden > 0 && newest.offsetHeight > box.clientHeight * 0.9) box.scrollTop -= hidden + 10;
}
