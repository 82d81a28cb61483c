// Pictures of an experiment: a curve over the steps of training, and a sheet of images with captions. Both are PNG files.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type Canvas, createCanvas, GlobalFonts } from "@napi-rs/canvas";
import {
  Chart,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Title,
} from "chart.js";

// The machine may have no fonts at all.
const font = "DejaVu Sans";
GlobalFonts.registerFromPath(
  fileURLToPath(import.meta.resolve("@fontsource/dejavu-sans/files/dejavu-sans-latin-400-normal.woff2")),
  font,
);
Chart.register(Legend, LinearScale, LineController, LineElement, LogarithmicScale, PointElement, Title);

const save = (canvas: Canvas, file: string): void => {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, canvas.toBuffer("image/png"));
};
const blank = (width: number, height: number): Canvas => {
  const canvas = createCanvas(width, height),
    context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  return canvas;
};

/** A line over the steps. */
export interface Curve {
  readonly name: string;
  readonly colour: string;
  readonly width: number;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}
/** Draw curves with a logarithmic y axis. */
export const drawCurves = (file: string, title: string, x: string, y: string, curves: readonly Curve[]): void => {
  const canvas = blank(1200, 700);
  const axis = (text: string): object => ({ display: true, text, font: { family: font, size: 18 } });
  const ticks = { font: { family: font, size: 15 } };
  new Chart(canvas as unknown as HTMLCanvasElement, {
    type: "line",
    data: {
      datasets: curves.map(({ name, colour, width, points }) => ({
        label: name,
        data: [...points],
        borderColor: colour,
        backgroundColor: colour,
        borderWidth: width,
        pointRadius: 0,
      })),
    },
    options: {
      animation: false,
      responsive: false,
      layout: { padding: 20 },
      plugins: {
        title: { display: true, text: title, font: { family: font, size: 24, weight: "normal" } },
        legend: { labels: { font: { family: font, size: 16 }, boxHeight: 2 } },
      },
      scales: {
        x: { type: "linear", title: axis(x), ticks },
        y: { type: "logarithmic", title: axis(y), ticks: { ...ticks, maxTicksLimit: 10 } },
      },
    },
  }).draw();
  save(canvas, file);
};

/** A grey image, one byte per pixel (0 is background), and what stands below it. */
export interface Framed {
  readonly pixels: Uint8Array;
  readonly caption: string;
}
const zoom = 3,
  gap = 24,
  captionHeight = 22,
  heading = 72;

/** Draw images of `size` x `size` pixels, dark on light, in rows under a title. */
export const drawSheet = (file: string, title: string, size: number, images: readonly Framed[]): void => {
  const columns = Math.max(10, Math.ceil(Math.sqrt(images.length * 1.4))),
    rows = Math.ceil(images.length / columns);
  const wide = size * zoom + gap,
    high = size * zoom + captionHeight + gap;
  const canvas = blank(columns * wide + gap, heading + rows * high + gap),
    context = canvas.getContext("2d");
  context.textAlign = "center";
  context.fillStyle = "#333333";
  context.font = `20px "${font}"`;
  context.fillText(title, canvas.width / 2, 44);
  context.font = `14px "${font}"`;
  context.imageSmoothingEnabled = false;
  const tile = createCanvas(size, size),
    tileContext = tile.getContext("2d");
  images.forEach(({ pixels, caption }, i) => {
    const x = gap + (i % columns) * wide,
      y = heading + Math.floor(i / columns) * high;
    const image = tileContext.createImageData(size, size);
    pixels.forEach((v, p) => {
      image.data.set([255 - v, 255 - v, 255 - v, 255], 4 * p);
    });
    tileContext.putImageData(image, 0, 0);
    context.drawImage(tile, x, y, size * zoom, size * zoom);
    context.strokeStyle = "#cccccc";
    context.strokeRect(x - 0.5, y - 0.5, size * zoom + 1, size * zoom + 1);
    context.fillText(caption, x + (size * zoom) / 2, y + size * zoom + 17);
  });
  save(canvas, file);
};
