/** What this agent is asked to take, over whatever page they look at; each for as long as it waits for them. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Masked } from "../core/masked";
import { duration, useNow } from "../core/time";
import type { OfferItem, QueueItem } from "../protocol";
import type { DeskStrings } from "../strings/zh";
import { chime } from "./chime";
import { isAnswering, remaining } from "./reservations";
import { MatterTags, Tag, UrgencyTag, VipTag } from "./Tags";
import { useTools } from "./context";
import type { DeskState } from "./state";

export function Offers({ state, sound }: { state: DeskState; sound: boolean }): JSX.Element {
  const { strings } = useTools();
  useChime(state.offers, sound);
  return (
    <section class="offers" aria-label={strings.offers.title} data-testid="offers">
      <p class="sr" role="alert">
        {state.offers.map((offer) => announcement(offer, strings)).join(" ")}
      </p>
      {state.offers.map((offer) => (
        <OfferCard key={offer.id} offer={offer} state={state} />
      ))}
    </section>
  );
}

function OfferCard({ offer, state }: { offer: OfferItem; state: DeskState }): JSX.Element {
  const { session, strings } = useTools();
  const words = strings.offers;
  const now = useNow(true) + state.skew;
  const busy = isAnswering(state, offer.id) || state.link.kind !== "online";
  return (
    <article class={`offer ${offer.kind}`} data-testid="offer" data-kind={offer.kind} aria-label={title(offer, strings)}>
      <Countdown offer={offer} now={now} />
      <div class="offer-words">
        <h2>{title(offer, strings)}</h2>
        {offer.item && <Matter item={offer.item} now={now} state={state} waits={offer.kind === "queue"} />}
        {offer.note && (
          <p class="offer-note">
            <span class="soft">{words.note}</span> <Masked text={offer.note} names={strings.masked} />
          </p>
        )}
      </div>
      <div class="offer-actions">
        <button class="link-button" onClick={() => session.select(offer.conversation)}>
          {words.look}
        </button>
        <button class="button quiet small" data-testid="offer-reject" disabled={busy} onClick={() => session.reject(offer)}>
          {words.reject}
        </button>
        <button class="button small" data-testid="offer-take" disabled={busy} onClick={() => session.take(offer)}>
          {isAnswering(state, offer.id) ? words.taking : words.take}
        </button>
      </div>
    </article>
  );
}

interface MatterProps {
  item: QueueItem;
  now: number;
  state: DeskState;
  waits: boolean; // for an agent; otherwise a colleague has it
}

function Matter({ item, now, state, waits }: MatterProps): JSX.Element {
  const { strings } = useTools();
  return (
    <>
      <p class="row-head">
        <b>{item.name || item.player}</b>
        <VipTag level={item.vip} />
        <UrgencyTag level={item.urgency} />
      </p>
      {item.preview && (
        <p class="offer-preview">
          <Masked text={item.preview} names={strings.masked} />
        </p>
      )}
      <p class="row-foot">
        <Tag>{strings.reasons[item.reason] ?? item.reason}</Tag>
        <MatterTags group={item.group} tier={item.tier} names={state.names} />
        {waits && <span class="waited">{strings.waited(duration(now - item.since))}</span>}
      </p>
    </>
  );
}

const RADIUS = 17;
const ROUND = 2 * Math.PI * RADIUS;

function Countdown({ offer, now }: { offer: OfferItem; now: number }): JSX.Element {
  const { strings } = useTools();
  const { seconds, share } = remaining(offer, now);
  return (
    <span class={share < 0.3 ? "countdown hurry" : "countdown"} role="timer" aria-label={strings.offers.left(seconds)} aria-live="off">
      <svg viewBox="0 0 40 40" width="44" height="44" aria-hidden="true" focusable="false">
        <circle class="track" cx="20" cy="20" r={RADIUS} />
        <circle class="hand" cx="20" cy="20" r={RADIUS} stroke-dasharray={ROUND} stroke-dashoffset={ROUND * (1 - share)} />
      </svg>
      <b aria-hidden="true">{seconds}</b>
    </span>
  );
}

function title(offer: OfferItem, strings: DeskStrings): string {
  if (offer.kind === "queue") return strings.offers.queue;
  return strings.offers[offer.kind](offer.by ?? "");
}

function announcement(offer: OfferItem, strings: DeskStrings): string {
  const { item } = offer;
  const urgency = item && item.urgency > 0 ? strings.urgency[item.urgency] : "";
  const vip = item && item.vip > 0 ? strings.vip(item.vip) : "";
  return [title(offer, strings), item?.name || item?.player, vip, urgency, offer.note].filter(Boolean).join(" ");
}

/** One sound for each new offer. */
function useChime(offers: readonly OfferItem[], sound: boolean): void {
  const heard = useRef(new Set<string>());
  useEffect(() => {
    const fresh = offers.filter((offer) => !heard.current.has(offer.id));
    heard.current = new Set(offers.map((offer) => offer.id));
    if (sound && fresh.length > 0) chime();
  }, [offers, sound]);
}
