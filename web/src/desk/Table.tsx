/** A table with a caption, or a sentence when it has no rows. */
import type { ComponentChildren, JSX } from "preact";

interface Props {
  title: string;
  testid: string;
  heads: readonly string[];
  rows: readonly { key: string; cells: readonly ComponentChildren[] }[];
  empty: string;
}

export function Table({ title, testid, heads, rows, empty }: Props): JSX.Element {
  return (
    <section class="panel-box table-box" data-testid={testid} aria-label={title}>
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p class="nothing">{empty}</p>
      ) : (
        <table>
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.key} data-key={row.key}>
                {row.cells.map((cell, i) => (
                  <td key={i}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}
