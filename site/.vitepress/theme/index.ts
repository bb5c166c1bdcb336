import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { DiagramOf } from './diagram-of.ts'
import './style.css'

/** The theme of VitePress, with diagrams. */
export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('DiagramOf', DiagramOf)
  },
} satisfies Theme
