/** The pictures that are still on their way, as the newest of the player's bubbles. */
import type { JSX } from "preact";
import { useStore } from "../core/store";
import type { WidgetStrings } from "../strings/zh";
import { useTools } from "./context";
import { mayRetry, type Upload, type Uploader } from "./upload";

export function PictureUploads({ uploader }: { uploader: Uploader }): JSX.Element {
  const { uploads } = useStore(uploader.store);
  return (
    <>
      {uploads.map((upload) => (
        <Row key={upload.id} upload={upload} uploader={uploader} />
      ))}
    </>
  );
}

function Row({ upload, uploader }: { upload: Upload; uploader: Uploader }): JSX.Element {
  const { strings } = useTools();
  const { picture } = strings;
  const failed = upload.state === "failed";
  return (
    <div class="row own" data-testid="upload" data-state={upload.state} data-sender="player">
      <div class="column">
        <div class={failed ? "bubble own failed" : "bubble own waiting"}>
          <span class="sr">{strings.you}: </span>
          {upload.preview ? <img class="picture-preview" src={upload.preview} alt={picture.alt} /> : upload.name || picture.alt}
        </div>
        {upload.state === "sending" && (
          <progress class="picture-progress" max={1} value={upload.share} aria-label={picture.sending(percent(upload))} />
        )}
        <p class={failed ? "meta failed" : "meta waiting"} role={failed ? "alert" : "status"}>
          <span>{words(upload, strings)}</span>
          {mayRetry(upload) && (
            <button type="button" class="link-button" data-testid="upload-retry" onClick={() => uploader.retry(upload.id)}>
              {strings.retry}
            </button>
          )}
          <button type="button" class="link-button" data-testid="upload-remove" onClick={() => uploader.remove(upload.id)}>
            {strings.remove}
          </button>
        </p>
      </div>
    </div>
  );
}

function percent(upload: Upload): number {
  return Math.floor(upload.share * 100);
}

function words(upload: Upload, strings: WidgetStrings): string {
  const { picture } = strings;
  if (upload.state === "failed") return problem(upload.code, strings);
  return upload.state === "sending" ? picture.sending(percent(upload)) : picture.preparing;
}

/** Why a picture was not sent, in a sentence for the player. */
export function problem(code: string, { connection, picture }: WidgetStrings): string {
  if (code === "bad_token") return connection.token;
  return picture.errors[code] ?? picture.errors["other"] ?? code;
}
