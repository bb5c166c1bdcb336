import { useData } from 'vitepress'
import { type Component, defineComponent, h, onMounted, ref, watch } from 'vue'

let drawn = 0

/** A diagram of Mermaid, drawn in the colours of the page. Before that, and without JavaScript, it is its source. */
export const DiagramOf: Component = defineComponent({
  props: { code: { type: String, required: true } },
  setup({ code }) {
    const { isDark } = useData()
    const svg = ref('')
    const source = decodeURIComponent(code)
    const draw = async () => {
      const { default: mermaid } = await import('mermaid')
      mermaid.initialize({
        startOnLoad: false,
        theme: isDark.value ? 'dark' : 'default',
        securityLevel: 'strict',
        // Labels of HTML take the line height of the page, and are cut off.
        htmlLabels: false,
        flowchart: { htmlLabels: false },
      })
      drawn++
      svg.value = (await mermaid.render(`diagram-${drawn}`, source)).svg
    }
    onMounted(draw)
    watch(isDark, draw)
    return () =>
      svg.value ? h('div', { class: 'diagram', innerHTML: svg.value }) : h('pre', { class: 'diagram' }, source)
  },
})
