// The page is complete without this file. It adds buttons that try a route in place, and one that copies the fingerprint.

for (const route of document.querySelectorAll('.route')) {
  const button = route.querySelector('button')
  button.hidden = false
  button.addEventListener('click', () => tryRoute(route.dataset.url, route.querySelector('.answer')))
}

for (const button of document.querySelectorAll('.copy')) {
  // Browsers offer the clipboard to secure contexts alone.
  button.hidden = navigator.clipboard === undefined
  button.addEventListener('click', () => copy(button))
}

async function tryRoute(url, answer) {
  // A screen reader waits until the answer is complete.
  answer.ariaBusy = 'true'
  try {
    // A program's Accept header: the origin answers a refusal with JSON, not with a page.
    const response = await fetch(url, { headers: { accept: 'application/json' }, cache: 'no-store' })
    show(answer, response, await response.text())
  } catch {
    answer.replaceChildren(element('p', 'outcome refusal', 'The edge or the origin cannot be reached.'))
  } finally {
    answer.ariaBusy = 'false'
  }
}

function show(answer, { ok, status }, text) {
  const body = parse(text)
  // HTTP/2 has no reason phrase, but Fastify writes it into the body of an error.
  const phrase = ok ? 'OK' : (body?.error ?? '')
  const outcome = element('p', `outcome ${ok ? 'success' : 'refusal'}`)
  outcome.append(element('strong', '', `${status} ${phrase}`.trim()))
  if (body?.code) outcome.append(' ', element('code', '', body.code))
  const pre = element('pre', '', body === undefined ? text : JSON.stringify(body, null, 2))
  answer.replaceChildren(outcome, pre)
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// Sets text, never HTML: an answer can contain a name from a certificate, and an attacker can choose that name.
function element(name, className, text = '') {
  const made = document.createElement(name)
  if (className) made.className = className
  made.textContent = text
  return made
}

async function copy(button) {
  const result = button.parentElement.querySelector('.copied')
  try {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent)
    result.textContent = 'Copied'
  } catch {
    result.textContent = 'The browser does not allow it'
  }
}
