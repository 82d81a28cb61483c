// The backends by name, and the device that arrays are made on.
import { referenceBackend } from "../backends/reference/backend.ts";
import { wasmBackend } from "../backends/wasm/backend.ts";
import type { Backend } from "../kernel/program.ts";
import { type BackendName, onConfigure, settings } from "./configure.ts";
import { Device } from "./device.ts";

const makers: { readonly [K in BackendName]: () => Backend } = { wasm: wasmBackend, reference: referenceBackend };
const made = new Map<BackendName, Device>();
let current: Device | null = null;
let forced: Device | null = null;
let threads = settings().threads;
onConfigure(() => {
  current = null;
  if (threads === settings().threads) return;
  threads = settings().threads;
  for (const { backend } of devices()) backend.endThreads?.();
});

/** The device of a backend, made when it is first needed. */
export const deviceOf = (name: BackendName): Device => {
  const known = made.get(name);
  if (known !== undefined) return known;
  const device = new Device(makers[name]());
  made.set(name, device);
  return device;
};
/** The device that new arrays and programs go to: the configured backend's. */
export const currentDevice = (): Device => {
  if (forced !== null) return forced;
  current ??= deviceOf(settings().backend);
  return current;
};
/** Threads that share the kernels of a device. */
export const threadsOf = ({ backend }: Device): number => Math.min(threads, backend.maxThreads ?? 1);
/** All devices in use. */
export const devices = (): readonly Device[] => [...made.values(), ...(forced === null ? [] : [forced])];
/** Run `f` on a device of its own: for laws about small memories. */
export const withDevice = <A>(device: Device, f: () => A): A => {
  const saved = forced;
  forced = device;
  try {
    return f();
  } finally {
    forced = saved;
  }
};
