/** Does nothing: what workerd itself costs. */
export default {
  fetch: (request) => fetch(request),
}
