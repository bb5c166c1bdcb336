import { expect, test } from '@playwright/test'
import { presenting } from './local-edge.ts'

test.describe('alice, an operator', () => {
  test.use(presenting('alice'))

  test('reads the number of restarts', async ({ page }) => {
    await page.goto('/')
    await expect(page.getByRole('heading')).toHaveText('Hello alice')
    await page.getByRole('button').click()
    await expect(page.getByRole('status')).toHaveText('3 restarts')
  })

  test('reads it with a program too', async ({ request }) => {
    expect(await (await request.get('/restarts')).json()).toEqual({ restarts: 3 })
  })
})

test.describe('bob, no operator', () => {
  test.use(presenting('bob'))

  test('is refused the number on his own page', async ({ page }) => {
    await page.goto('/')
    await expect(page.getByRole('heading')).toHaveText('Hello bob')
    await page.getByRole('button').click()
    await expect(page.getByRole('status')).toHaveText('CSN_CERT_FORBIDDEN')
  })
})

test.describe('a client with an expired certificate', () => {
  test.use(presenting('expired'))

  test('is refused the page', async ({ page }) => {
    const response = await page.goto('/')
    expect(response?.status()).toBe(403)
    await expect(page.getByText('CSN_CERT_EXPIRED')).toBeVisible()
  })
})

test('a visitor without a certificate is refused the page', async ({ page }) => {
  const response = await page.goto('/')
  expect(response?.status()).toBe(401)
  await expect(page.getByText('CSN_CERT_MISSING')).toBeVisible()
})
