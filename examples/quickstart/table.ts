/** One line of the demo: the request, the presented credentials, and the answer. */
export interface Row {
  readonly request: string
  readonly presented: string
  readonly status: number
  readonly code: string
  readonly asExpected: boolean
}

const COLUMNS = ['request', 'presented', 'status', 'code'] as const

/** Formats rows in columns, with a mark in front of each. */
export function formatTable(rows: readonly Row[]): string {
  const widths = COLUMNS.map((column) => Math.max(column.length, ...rows.map((row) => String(row[column]).length)))
  const line = (cells: readonly unknown[], mark: string) =>
    `${mark} ${cells.map((cell, at) => String(cell).padEnd(widths[at] as number)).join('  ')}`.trimEnd()
  return [
    line(COLUMNS, ' '),
    line(
      widths.map((width) => '─'.repeat(width)),
      ' ',
    ),
    ...rows.map((row) =>
      line(
        COLUMNS.map((column) => row[column]),
        row.asExpected ? '✓' : '✗',
      ),
    ),
  ].join('\n')
}
