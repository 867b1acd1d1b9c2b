/// Appending many bytes to room that is there already. (`TextOutput` of JSON, which does more, is of another layer.)
extension OutputSpan<UInt8> {
    @inline(__always) mutating func append(copying bytes: [UInt8]) { append(copying: bytes.span) }

    @inline(__always) mutating func append(copying bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe append(copying: $0) }
    }

    @inline(__always) mutating func append(literal text: StaticString) {
        // A literal's bytes live as long as the program.
        unsafe append(
            copying: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inline(__always) private mutating func append(copying bytes: UnsafeBufferPointer<UInt8>) {
        precondition(bytes.count <= freeCapacity)
        guard let source = bytes.baseAddress else { return }
        // There is room, as was just asked.
        unsafe withUnsafeMutableBufferPointer { room, count in
            guard let base = room.baseAddress else { return }
            unsafe (base + count).initialize(from: source, count: bytes.count)
            count += bytes.count
        }
    }
}
