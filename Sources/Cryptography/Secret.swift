private import COpenSSL

/// Key material, a password or a token. It prints as `[redacted]`, cannot be compared with `==`
/// and its own copy of the bytes is wiped when the last reference goes.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let storage: Storage

    package init(_ bytes: [UInt8]) {
        storage = Storage(copying: bytes)
    }

    package init(_ text: String) {
        storage = Storage(copying: Array(text.utf8))
    }

    /// The number of bytes.
    package var count: Int { storage.count }

    package var isEmpty: Bool { storage.count == 0 }

    /// Lends the bytes for the length of `body`.
    package func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try storage.withBytes(body)
    }

    /// A copy of the bytes, for a caller that must build a message of them.
    package var bytes: [UInt8] {
        storage.withBytes { span in
            // unsafe: reads the span for the length of the call.
            unsafe span.withUnsafeBufferPointer { unsafe Array($0) }
        }
    }

    /// The secret as text (invalid UTF-8 is replaced), for expressions that were given it.
    package var text: String { String(decoding: bytes, as: UTF8.self) }

    package var description: String { "[redacted]" }
    package var debugDescription: String { "[redacted]" }
    package var customMirror: Mirror { Mirror(self, children: EmptyCollection<Mirror.Child>()) }
}

/// The one copy of a secret's bytes.
@safe private final class Storage: @unchecked Sendable {
    // Sendable: written once before the reference is shared, only read afterwards.
    private let buffer: UnsafeMutableRawBufferPointer
    let count: Int

    init(copying bytes: [UInt8]) {
        count = bytes.count
        // unsafe: owned memory, freed in deinit; copied to its full length.
        unsafe buffer = .allocate(byteCount: bytes.count, alignment: 1)
        unsafe buffer.copyBytes(from: bytes)
    }

    deinit {
        // unsafe: this object owns the memory and nobody else refers to it any more.
        unsafe OPENSSL_cleanse(buffer.baseAddress, buffer.count)
        unsafe buffer.deallocate()
    }

    func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // unsafe: the span does not outlive the call, during which self is alive.
        try body(unsafe Span(_unsafeBytes: UnsafeRawBufferPointer(buffer)))
    }
}
