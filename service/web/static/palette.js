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

const shades = Array.from({ length: STEPS + 1 }, (_, i) => {
  const t = i / STEPS;
  return oklch(0.3 + 0.66 * t, 0.03 + 0.34 * t * (1 - t), 285 - 180 * t);
});
const css = (shade) => `rgb(${shade.join(" ")})`;
const colors = shades.map(css);

const place = (value, max) => Math.round(STEPS * Math.min(1, Math.max(0, value / max)));

/** The color of a load between 0 and `max`; what lies above keeps the lightest one. */
export const colorOf = (value, max) => colors[place(value, max)];

// The unequal steps that clinics know, in kPa: each color holds from its number to the next one. Its red is a load
// here, not a failing device, which is why it is no more than a choice.
const CLASSES = [
  [0, [176, 182, 190]], [40, [134, 200, 240]], [60, [44, 84, 200]], [100, [46, 160, 72]], [150, [244, 214, 54]],
  [220, [220, 52, 40]], [300, [244, 150, 212]],
];
const classOf = (value) => CLASSES.findLast(([from]) => value >= from) ?? CLASSES[0];

/** A scale: how it colors a load, as [r, g, b] and as CSS, and where its legend has numbers. */
export const even = (max) => ({ rgb: (value) => shades[place(value, max)], css: (value) => colorOf(value, max), ticks: [0, max / 4, max / 2, (3 * max) / 4, max], max });
export const stepped = {
  rgb: (value) => classOf(value)[1],
  css: (value) => css(classOf(value)[1]),
  ticks: CLASSES.map(([from]) => from),
  max: null, // its steps are drawn equally wide
};

/** Paint a scale, from no load on the left to the most on the right. */
export function drawLegend(canvas, scale) {
  const context = canvas.getContext("2d");
  const steps = scale.ticks.length;
  for (let x = 0; x < canvas.width; x += 1) {
    const part = x / (canvas.width - 1);
    context.fillStyle = scale.css(scale.max === null ? scale.ticks[Math.min(steps - 1, Math.floor(part * steps))] : part * scale.max);
    context.fillRect(x, 0, 1, canvas.height);
  }
}
