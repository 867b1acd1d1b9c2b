extension JSONWriter {
    /// Room for an escape in every eighth byte; one with more is written twice.
    mutating func writeString(_ text: Span<UInt8>) {
        bytes.append(expecting: text.count + text.count / 8 + 2) { $0.string(text) }
    }

    /// True when `writeString` would copy the text as it is.
    package static func needsNoEscape(_ text: Span<UInt8>) -> Bool {
        unsafe text.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return true }
            var place = 0
            while true {
                place = unsafe PlainRun.end(base, from: place, to: bytes.count)
                guard place < bytes.count else { return true }
                let byte = unsafe bytes[place]
                // Beyond ASCII only what may begin a lone surrogate's stand-in.
                guard byte >= 0x80, byte != 0xF4 else { return false }
                place += 1
            }
        }
    }
}
