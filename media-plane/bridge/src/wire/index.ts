export type { ByteSourceKind } from "./byte-source.ts";
export { CLOSE } from "./close-code.ts";
export { FrameReader, NOBODY, type FrameReaderOptions, type FrameSink, type TextTaker } from "./frame-reader.ts";
export { type AcceptOptions, type ConnectOptions, connectLaneSocket, type LaneAcceptor, laneAcceptor } from "./handshake.ts";
export { type Closing, type LaneHandlers, LaneSocket, type LaneSocketOptions } from "./lane-socket.ts";
