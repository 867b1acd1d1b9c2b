/// Memory for the tape of a text, which can be used for one text after the other.
///
/// The reason for unsafe: the memory is its own until `deinit`; the scanner writes it without the
/// checks of an array, which took a third of its time.
@safe package struct TapeMemory: ~Copyable {
    private var base: UnsafeMutablePointer<TapeEntry>?
    private var capacity = 0

    /// None at first.
    package init() {}

    deinit { unsafe base?.deallocate() }

    /// Checks `bytes` against RFC 8259.
    ///
    /// - Returns: the text's values; to be used only while `bytes` is held and this scans nothing else.
    /// - Throws: `JSONError` with line and column.
    package mutating func scan(
        _ bytes: [UInt8], limits: JSONLimits = .default, takesPlain: Bool = true
    ) throws(JSONError) -> DocumentView {
        guard bytes.count <= limits.bytesMax else {
            throw JSONError(.tooLarge, at: limits.bytesMax, in: bytes)
        }
        // Room for the usual text, seldom one value in less than eight bytes; the second room is for
        // any: each value but the first follows a separator, or opens a container. One more, since the
        // scanner makes sure that there is room for a key and a value.
        let half = bytes.count / 2 + 2
        let sizes = [bytes.count / 8 + 8, half + min(half, max(0, limits.depthMax))]
        for size in sizes {
            if capacity < size { replace(size) }
            do throws(JSONScanner.Failure) {
                let count = try scan(bytes, limits.depthMax, takesPlain)
                guard let base = unsafe base,
                    let view = unsafe DocumentView(bytes, base, count)
                else { break }
                return view
            } catch {
                if case .invalid(let code, let offset) = error {
                    throw JSONError(code, at: offset, in: bytes)
                }
            }
        }
        throw JSONError(.tooLarge, at: bytes.count, in: bytes)
    }

    /// Gives back what is more than 64 KiB.
    package mutating func forget() {
        if capacity * MemoryLayout<TapeEntry>.stride > 64 << 10 { replace(0) }
    }

    private mutating func replace(_ size: Int) {
        unsafe base?.deallocate()
        unsafe base = size == 0 ? nil : UnsafeMutablePointer.allocate(capacity: size)
        capacity = size
    }

    private func scan(
        _ bytes: [UInt8], _ depthMax: Int, _ takesPlain: Bool
    ) throws(JSONScanner.Failure) -> Int {
        let tape = unsafe UnsafeMutableBufferPointer(start: base, count: capacity)
        var result = Result<Int, JSONScanner.Failure>.failure(.tapeIsFull)
        unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: JSONScanner.wordCount) {
            words in
            unsafe bytes.withUnsafeBytes { buffer in
                do throws(JSONScanner.Failure) {
                    result = .success(
                        try unsafe JSONScanner(
                            buffer, tape: tape, words: words, depthMax: depthMax
                        ).scan(takesPlain: takesPlain))
                } catch {
                    result = .failure(error)
                }
            }
        }
        return try result.get()
    }
}

// Unchecked for the pointer: it is the one owner's (`~Copyable`), and what it leads to changes only in
// `mutating` functions.
extension TapeMemory: @unchecked Sendable {}
