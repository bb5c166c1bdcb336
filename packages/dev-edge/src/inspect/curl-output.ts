const REQUEST_LINE = /^> \S+ \S+ HTTP\/\d/m

/** Whether a text is what `curl -v` prints. */
export function isCurlOutput(text: string): boolean {
  return REQUEST_LINE.test(text)
}

/** The heads of the requests that `curl -v` has sent, which are the lines behind `>`. */
export function curlRequestText(text: string): string {
  return text
    .split(/\r?\n/)
    .filter((line) => line.startsWith('>'))
    .map((line) => line.replace(/^> ?/, ''))
    .join('\n')
}
