// Draws the figures that the page carries as data, in the theme that the reader has set, and again when that changes.

const dark = matchMedia("(prefers-color-scheme: dark)");

function draw() {
  for (const plot of document.querySelectorAll(".plot")) {
    const text = document.getElementById(`figure-${plot.dataset.figure}`).textContent;
    const figure = JSON.parse(text)[dark.matches ? "dark" : "light"];
    figure.layout.autosize = true;
    const options = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: false };
    window.Plotly.react(plot, figure.data, figure.layout, options);
  }
  document.documentElement.dataset.drawn = dark.matches ? "dark" : "light";
}

dark.addEventListener("change", draw);
draw();

for (const select of document.querySelectorAll(".wearer select")) select.addEventListener("change", () => select.form.submit());
