// What a figure loads: the file of the reader's scheme.
export const scheme = () => (document.body.dataset.mdColorScheme === "slate" ? "dark" : "light");

/** The answer for the file of a scheme among a figure's files, which are named KIND-SCHEME.SUFFIX. */
export async function ofScheme(addresses, wanted = scheme()) {
  const address = addresses.find((one) => one.includes(`-${wanted}.`));
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address} did not load (${answer.status})`);
  return answer;
}
