private import func Glibc.memchr

/// Line breaks between the tokens of a text, which would end a line of a JSON Lines file.
package enum LineBreaks {
    /// True when there is a CR or LF among the bytes.
    package static func areIn(_ bytes: ArraySlice<UInt8>) -> Bool {
        // Two searches by memchr, which stay inside, are many times faster than one loop.
        unsafe bytes.withUnsafeBytes { all -> Bool in
            guard let base = all.baseAddress else { return false }
            return unsafe memchr(base, 0x0A, all.count) != nil
                || memchr(base, 0x0D, all.count) != nil
        }
    }
}
