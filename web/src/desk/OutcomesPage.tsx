/** What came of the handoffs of the last hours or days, in figures. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { duration } from "../core/time";
import type { DeskStrings } from "../strings/zh";
import { Loaded } from "./Loaded";
import { usePolled } from "./polled";
import { board, outcomes, type Board, type Outcomes } from "./team";
import { useTools } from "./context";

const HOURS = [24, 72, 168];

interface Found {
  figures: Outcomes;
  waits: Board["waits"];
}

async function read(hours: number): Promise<Found> {
  const [figures, { waits }] = await Promise.all([outcomes(hours), board()]);
  return { figures, waits };
}

export function OutcomesPage(): JSX.Element {
  const words = useTools().strings.outcomes;
  const [hours, setHours] = useState(24);
  const polled = usePolled(() => read(hours), String(hours));
  return (
    <main class="page" data-testid="outcomes-page">
      <header class="page-head">
        <h1>{words.title}</h1>
        <label>
          <span class="sr">{words.period}</span>
          <select data-testid="outcome-hours" value={hours} onChange={(event) => setHours(Number(event.currentTarget.value))}>
            {HOURS.map((n) => (
              <option key={n} value={n}>
                {words.hours[n]}
              </option>
            ))}
          </select>
        </label>
      </header>
      <Loaded polled={polled}>
        {({ figures, waits }) => <Tiles figures={figures} waits={waits} />}
      </Loaded>
    </main>
  );
}

function Tiles({ figures, waits }: Found): JSX.Element {
  const { strings } = useTools();
  return (
    <>
      {figures.count === 0 && <p class="nothing">{strings.outcomes.empty}</p>}
      <dl class="tiles">
        {tiles(figures, waits, strings).map(([label, value]) => (
          <div key={label} class="panel-box tile">
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** Labels and figures; what there is no figure of says so. */
export function tiles(figures: Outcomes, waits: Board["waits"], strings: DeskStrings): [string, string][] {
  const words = strings.outcomes;
  const or = (figure: number | null, write: (n: number) => string): string =>
    figure === null ? strings.page.unknown : write(figure);
  const percent = (share: number): string => `${Math.round(share * 100)}%`;
  const time = (seconds: number): string => duration(seconds * 1000);
  return [
    [words.count, String(figures.count)],
    [words.waitP50, or(figures.wait_p50_s, time)],
    [words.waitP90, or(figures.wait_p90_s, time)],
    [words.inTime, or(figures.responded_in_time, percent)],
    [words.within, waits.count > 0 ? percent(waits.within_p90) : strings.page.unknown],
    [words.missed, String(figures.missed_offers)],
    [words.reask, or(figures.reask_rate, percent)],
    [words.reopened, or(figures.reopened, percent)],
    [words.weighted, or(figures.weighted, (n) => n.toFixed(2))],
    ...Object.entries(figures.late).map(([kind, n]): [string, string] => [strings.late[kind] ?? kind, String(n)]),
  ];
}
