/**
 * Lets the sides of a comparison take turns, in the other order each second time: no side is always the first.
 *
 * On a shared machine the same process can take half as long again for some seconds. That disturbs single turns of each
 * side, and not their medians.
 *
 * @param count - the turns of each side; of an odd number, one of them is the median
 * @returns the results of each side, in the order given
 */
export async function takeTurns<Side, Result>(
  count: number,
  sides: readonly Side[],
  takeTurn: (side: Side) => Promise<Result>,
): Promise<readonly (readonly Result[])[]> {
  const results = sides.map(() => [] as Result[])
  const forth = [...sides.entries()]
  for (let turn = 0; turn < count; turn += 1) {
    for (const [at, side] of turn % 2 === 0 ? forth : forth.toReversed()) results[at]?.push(await takeTurn(side))
  }
  return results
}
