// One fixed color scale for load: perceptually even, from dark to light, without red (which is kept for failing
// devices) and readable by people who do not tell red from green. Lightness rises linearly in OKLab.

const STEPS = 64;

function oklch(lightness, chroma, hue) {
  // OKLab to sRGB: Ottosson 2020, "A perceptual color space for image processing".
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear.map((x) => {
    const y = Math.min(1, Math.max(0, x));
    return Math.round(255 * (y <= 0.0031308 ? 12.92 * y : 1.055 * y ** (1 / 2.4) - 0.055));
  });
}

const colors = Array.from({ length: STEPS + 1 }, (_, i) => {
  const t = i / STEPS;
  return `rgb(${oklch(0.3 + 0.66 * t, 0.03 + 0.34 * t * (1 - t), 285 - 180 * t).join(" ")})`;
});

/** The color of a load between 0 and `max`; what lies above keeps the lightest one. */
export function colorOf(value, max) {
  return colors[Math.round(STEPS * Math.min(1, Math.max(0, value / max)))];
}

/** Paint the scale, from no load on the left to `max` on the right. */
export function drawLegend(canvas) {
  const context = canvas.getContext("2d");
  for (let x = 0; x < canvas.width; x += 1) {
    context.fillStyle = colorOf(x, canvas.width - 1);
    context.fillRect(x, 0, 1, canvas.height);
  }
}
