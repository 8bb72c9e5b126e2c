/** The pages' icons: 24×24, drawn with the text's colour, said nothing of to a screen reader. */
import type { ComponentChildren, JSX } from "preact";

function icon(children: ComponentChildren): (props: { size?: number }) => JSX.Element {
  return ({ size = 20 }) => (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.8"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {children}
    </svg>
  );
}

export const ChatIcon = icon(
  <>
    <path d="M20 11.5c0 4-3.6 7-8 7-1 0-2-.15-2.9-.45L4.5 20l1.2-3.6A6.6 6.6 0 0 1 4 11.5c0-4 3.6-7 8-7s8 3 8 7Z" />
    <path d="M8.5 11.5h.01M12 11.5h.01M15.5 11.5h.01" stroke-width="2.4" />
  </>,
);
export const CloseIcon = icon(<path d="m6 9 6 6 6-6" />);
export const CrossIcon = icon(<path d="M6 6l12 12M18 6 6 18" />);
export const SendIcon = icon(<path d="M5 12h13M12.5 6l6 6-6 6" />);
export const PersonIcon = icon(
  <>
    <path d="M4 14v-2a8 8 0 0 1 16 0v2" />
    <path d="M4 14.5A1.5 1.5 0 0 1 5.5 13H7v5H5.5A1.5 1.5 0 0 1 4 16.5zM20 14.5a1.5 1.5 0 0 0-1.5-1.5H17v5h1.5a1.5 1.5 0 0 0 1.5-1.5z" />
    <path d="M18.5 18c-.4 1.8-2 2.5-4.5 2.5" />
  </>,
);
export const UpIcon = icon(
  <path d="M7 11v8H4.5v-8zM7 11l4-6.5c1.4 0 2.2 1 1.9 2.4L12.3 10h5.2c1.3 0 2.2 1.2 1.9 2.4l-1.3 5.1c-.2.9-1 1.5-1.9 1.5H7" />,
);
export const DownIcon = icon(
  <path d="M7 13V5H4.5v8zM7 13l4 6.5c1.4 0 2.2-1 1.9-2.4l-.6-3.1h5.2c1.3 0 2.2-1.2 1.9-2.4l-1.3-5.1c-.2-.9-1-1.5-1.9-1.5H7" />,
);
export const StarIcon = ({ size = 26 }: { size?: number }): JSX.Element => (
  <svg width={size} height={size} viewBox="0 0 24 24" fill="currentColor" aria-hidden="true" focusable="false">
    <path d="m12 3 2.7 5.6 6.1.8-4.5 4.2 1.1 6.1L12 16.8l-5.4 2.9 1.1-6.1L3.2 9.4l6.1-.8z" />
  </svg>
);
/** The mark of the product: a cloud over a ridge. */
export const CloudMark = icon(
  <>
    <path d="M7 13.5a3 3 0 0 1 .3-6 4.6 4.6 0 0 1 8.8 1.2 2.6 2.6 0 0 1 .6 4.8z" />
    <path d="M3.5 19l4-3.5 3 2.4 4-3.6 6 4.7" />
  </>,
);
export const BoltIcon = icon(<path d="M13 3 5 14h6l-1 7 8-11h-6z" />);
export const MenuIcon = icon(<path d="M15 5v14M4 5h16v14H4z" />);
export const BackIcon = icon(<path d="M9 7 4 12l5 5M4 12h11a5 5 0 0 1 5 5" />);
export const CheckIcon = icon(<path d="m5 12.5 4.5 4.5L19 7.5" />);
export const SettingsIcon = icon(
  <>
    <path d="M4 7h9M17 7h3M4 17h3M11 17h9" />
    <circle cx="15" cy="7" r="2" />
    <circle cx="9" cy="17" r="2" />
  </>,
);
export const DownloadIcon = icon(<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 20h14" />);
