/** Notices that the end of a list of messages is before its reader's eyes. */
import { useEffect, useRef, useState } from "preact/hooks";

interface Box {
  current: HTMLElement | null;
}

/** Calls `seen` when `end` comes in sight inside `box`, and at each change of `mark` while it is. */
export function useReading(box: Box, end: Box, mark: string, seen: () => void): void {
  const [inSight, setInSight] = useState(false);
  const look = useRef(seen);
  look.current = () => {
    if (inSight && document.visibilityState === "visible") seen();
  };
  useEffect(() => {
    if (!end.current) return;
    const watch = new IntersectionObserver((changes) => setInSight(changes.at(-1)?.isIntersecting ?? false), {
      root: box.current,
      rootMargin: "0px 0px 40px",
    });
    watch.observe(end.current);
    const turned = (): void => look.current();
    document.addEventListener("visibilitychange", turned);
    return () => {
      watch.disconnect();
      document.removeEventListener("visibilitychange", turned);
    };
  }, [box, end]);
  useEffect(() => look.current(), [mark, inSight]);
}
