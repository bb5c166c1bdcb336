import { defineConfig } from 'vitepress'
import { slugOf } from '../../test/shape/markdown.ts'
import { menu } from '../navigation.ts'

/** The documents of Countersign as a site, with a search that runs in the browser. */
export default defineConfig({
  title: 'Countersign',
  description: 'Client certificates from the edge of Cloudflare to a Fastify origin, proven at the origin.',
  lang: 'en',
  srcDir: '.pages',
  outDir: '.output',
  cacheDir: '.cache',
  metaChunk: true,
  vite: { build: { reportCompressedSize: false, chunkSizeWarningLimit: 4096 } },
  ignoreDeadLinks: [/^https:\/\/localhost:/],
  markdown: {
    anchor: { slugify: slugOf },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(md) {
      const fence = md.renderer.rules.fence
      md.renderer.rules.fence = (tokens, index, ...rest) => {
        const token = tokens[index]
        // The highlighter of VitePress does not know the language of Prometheus.
        if (token?.info === 'promql') token.info = 'txt'
        if (token?.info.trim() !== 'mermaid') return fence?.(tokens, index, ...rest) ?? ''
        return `<DiagramOf code="${encodeURIComponent(token.content)}" />`
      }
    },
  },
  themeConfig: {
    nav: [
      { text: 'Deploy', link: '/docs/deploy.md' },
      { text: 'API', link: '/api/@countersign/origin-plugin.md' },
      { text: 'Security', link: '/SECURITY.md' },
    ],
    sidebar: menu(),
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        // An error code is one word. By default, each of its parts would be one.
        miniSearch: {
          searchOptions: {
            // Many pages name a code, and one explains it. The browser gets this function as text, so it must not use
            // a name from outside of it.
            boostDocument: (id: string, term: string) => (/^csn_/i.test(term) && /\/docs\/errors\b/.test(id) ? 100 : 1),
          },
          options: { tokenize: (text: string) => text.split(/[^\p{L}\p{N}_]+/u).filter((word) => word !== '') },
        },
        // A page with the text of a source file is no answer to a question.
        _render: (source, env, md) => {
          const html = md.render(source, env)
          return env.frontmatter?.['search'] === false ? '' : html
        },
      },
    },
  },
})
