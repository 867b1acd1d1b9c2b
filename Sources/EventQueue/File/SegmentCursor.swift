/// Reads the lines of one segment.
struct SegmentCursor {
    private let file: File
    private let system: FileSystem
    /// A window of the file, from `offset` on.
    private(set) var bytes: [UInt8] = []
    private var offset: Int
    /// Where in `bytes` the next line begins.
    private var position = 0
    private var isAtEnd = false

    private static let chunkBytes = 256 << 10

    /// - Parameter offset: where the first line begins.
    init(file: File, system: FileSystem, from offset: Int = 0) {
        self.file = file
        self.system = system
        self.offset = offset
    }

    /// Where in the file the next line begins; at the end: where the unterminated rest begins.
    var fileOffset: Int { offset + position }

    /// The next line in `bytes`, without its newline; nil at the end of the file. What follows the
    /// last newline is not a line yet.
    mutating func next() throws(QueueError) -> Range<Int>? {
        var searched = position
        while true {
            if let newline = EventLine.newline(in: bytes, from: searched) {
                let line = position..<newline
                position = newline + 1
                return line
            }
            searched = bytes.count
            if isAtEnd { return nil }
            if position > 0 {
                bytes.removeSubrange(..<position)
                offset += position
                searched -= position
                position = 0
            }
            let count = max(Self.chunkBytes, bytes.count)
            let got = try system.read(
                file, at: offset + bytes.count, count: count, to: &bytes)
            if got == 0 { isAtEnd = true }
        }
    }

    /// Moves, by halving, to a line at or before the one with this number.
    mutating func seek(to sequence: UInt64) throws(QueueError) {
        var low = 0
        var high = try system.size(file)
        while high - low > 2 * Self.chunkBytes {
            let middle = low + (high - low) / 2
            try move(to: middle)
            // What is left of the line in the middle.
            _ = try next()
            let lineStart = fileOffset
            guard lineStart < high, let line = try next(),
                let found = EventLine.sequence(bytes, lineAt: line.lowerBound)
            else {
                high = middle
                continue
            }
            if found <= sequence { low = lineStart } else { high = middle }
        }
        try move(to: low)
    }

    private mutating func move(to newOffset: Int) throws(QueueError) {
        bytes.removeAll(keepingCapacity: true)
        offset = newOffset
        position = 0
        isAtEnd = false
    }
}
