/** Of the figures of a choice, show the one that is chosen. */
function startChoices() {
  for (const choice of document.querySelectorAll("[data-choice]")) {
    const [axes, metric] = choice.querySelectorAll("select")
    const show = () => {
      for (const panel of choice.querySelectorAll("[data-axes]")) {
        panel.hidden = panel.dataset.axes !== axes.value || panel.dataset.metric !== metric.value
      }
    }
    axes.addEventListener("change", show)
    metric.addEventListener("change", show)
    show()
  }
}
startChoices()
