/**
 * What the conversation needs of a WebSocket: a `ws` socket fits as it is, and tests pass a plain
 * object. The carrier sends JSON text frames; binary frames are not part of its protocol.
 */
export interface MediaSocket {
  /** Bytes handed to `send` that the kernel has not taken yet. */
  readonly bufferedAmount: number;
  /** 1 is open, as in the browser's WebSocket. */
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  on(event: 'message', listener: (data: SocketData, isBinary: boolean) => void): unknown;
  on(event: 'close', listener: (code: number) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

export type SocketData = Buffer | ArrayBuffer | Buffer[];

export const SOCKET_OPEN = 1;

/** The text of a frame, however `ws` was set to deliver it. */
export function textOf(data: SocketData): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8');
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.from(data).toString('utf8');
}

/**
 * What seems not to have come is waited for so much longer: a process that stood still finds its timers due before
 * it has read what came meanwhile.
 */
export const LOOK_AGAIN_MS = 100;
