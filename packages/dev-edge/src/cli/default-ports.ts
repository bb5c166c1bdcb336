/** Where clients reach the edge. */
export const DEFAULT_PORT = 8443
/** Where the origin gets the Access team's keys. Always the same, so that the origin's configuration stays true. */
export const DEFAULT_ACCESS_PORT = 8444
