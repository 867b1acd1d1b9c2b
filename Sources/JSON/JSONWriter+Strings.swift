extension JSONWriter {
    /// Room for an escape in every eighth byte; one with more is written twice.
    mutating func writeString(_ text: Span<UInt8>) {
        bytes.append(expecting: text.count + text.count / 8 + 2) { $0.string(text) }
    }

    /// True when `writeString` would copy the text as it is.
    package static func needsNoEscape(_ text: Span<UInt8>) -> Bool {
        unsafe text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return true }
            return unsafe PlainRun.unescapedEnd(base, from: 0, to: bytes.count) == bytes.count
        }
    }
}
