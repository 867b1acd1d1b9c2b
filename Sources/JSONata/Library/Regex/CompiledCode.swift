import CPCRE2
import JSON

/// Owns a pattern that PCRE2 has compiled.
///
/// PCRE2 only reads it while matching (pcre2api, "MULTITHREADING"), so threads may share it.
@safe final class CompiledCode: @unchecked Sendable {
    // Unchecked because the pointer is to memory that is not written after `init`.
    private let code: OpaquePointer
    /// How many capturing groups there are.
    let groupCount: Int

    /// Compiles a pattern in PCRE2's syntax.
    ///
    /// - Throws: U1005 with PCRE2's explanation.
    init(_ pattern: String) throws(JSONataError) {
        let options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C
        var number: Int32 = 0
        var offset = 0
        let bytes = Array(pattern.utf8)
        // PCRE2 reads `count` bytes and keeps no pointer to them.
        let compiled = unsafe bytes.withUnsafeBufferPointer {
            unsafe pcre2_compile_8($0.baseAddress, $0.count, options, &number, &offset, nil)
        }
        guard let compiled = unsafe compiled else {
            throw JSONataError(.u1005, detail: Self.explanation(number))
        }
        // Where there is no just-in-time compiler this fails and the interpreter is used.
        _ = unsafe pcre2_jit_compile_8(compiled, PCRE2_JIT_COMPLETE)
        var count: UInt32 = 0
        // PCRE2 writes one UInt32 for this request.
        _ = unsafe pcre2_pattern_info_8(compiled, UInt32(PCRE2_INFO_CAPTURECOUNT), &count)
        unsafe code = compiled
        groupCount = Int(count)
    }

    deinit {
        // Made in `init`; nobody else frees it.
        unsafe pcre2_code_free_8(code)
    }

    private static func explanation(_ number: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        // PCRE2 writes at most `count` bytes.
        let length = unsafe buffer.withUnsafeMutableBufferPointer {
            unsafe pcre2_get_error_message_8(number, $0.baseAddress, $0.count)
        }
        return String(decoding: buffer.prefix(Int(max(length, 0))), as: UTF8.self)
    }

    /// Matches `subject` from a byte on: the number of the highest group set plus one, or an error code
    /// of PCRE2.
    func match(
        _ subject: [UInt8], from start: Int, into data: MatchData, limits: RegexLimits
    ) -> Int32 {
        // The bytes are well-formed UTF-8, as they come from a String; PCRE2 keeps the pointer in
        // `data` but only the offsets are read from there.
        unsafe subject.withUnsafeBufferPointer { bytes in
            unsafe match(bytes, from: start, into: data, limits: limits)
        }
    }

    /// The same for bytes of well-formed UTF-8 that lie there during the call.
    func match(
        _ bytes: UnsafeBufferPointer<UInt8>, from start: Int, into data: MatchData,
        limits: RegexLimits
    ) -> Int32 {
        data.set(limits)
        let status = unsafe pcre2_match_8(
            code, bytes.baseAddress, bytes.count, start, PCRE2_NO_UTF_CHECK, data.pointer,
            data.context)
        guard status == PCRE2_ERROR_JIT_STACKLIMIT else { return status }
        // The compiled code ran out of its small stack: the interpreter has its own limits.
        return unsafe pcre2_match_8(
            code, bytes.baseAddress, bytes.count, start, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
            data.pointer, data.context)
    }

    /// Memory for a match's result; nil when there is none to be had.
    func makeMatchData() -> OpaquePointer? {
        // `code` lives as long as `self`.
        unsafe pcre2_match_data_create_from_pattern_8(code, nil)
    }
}

/// Owns the memory in which PCRE2 leaves where a match and its groups lie, and the limits it reads.
@safe final class MatchData: @unchecked Sendable {
    // Unchecked because it is used by one call at a time: `JSONataRegex` hands it out under a lock.
    let pointer: OpaquePointer
    let context: OpaquePointer
    private var limits: RegexLimits?

    init?(for code: CompiledCode) {
        // Each call gives new memory or nil.
        guard let pointer = unsafe code.makeMatchData() else { return nil }
        guard let context = unsafe pcre2_match_context_create_8(nil) else {
            unsafe pcre2_match_data_free_8(pointer)
            return nil
        }
        unsafe self.pointer = pointer
        unsafe self.context = context
    }

    deinit {
        // Both were made in `init`; nobody else frees them.
        unsafe pcre2_match_context_free_8(context)
        unsafe pcre2_match_data_free_8(pointer)
    }

    /// Sets the limits of the matches to come.
    func set(_ limits: RegexLimits) {
        guard limits != self.limits else { return }
        // Plain numbers into a context that is ours.
        _ = unsafe pcre2_set_match_limit_8(context, limits.matchSteps)
        _ = unsafe pcre2_set_depth_limit_8(context, limits.depth)
        _ = unsafe pcre2_set_heap_limit_8(context, limits.heapKibibytes)
        self.limits = limits
    }

    /// The bytes of a group of the last match; nil for one that took no part.
    func range(of group: Int) -> Range<Int>? {
        // The vector holds a pair of offsets for each group and belongs to `pointer`.
        guard group < Int(unsafe pcre2_get_ovector_count_8(pointer)),
            let vector = unsafe pcre2_get_ovector_pointer_8(pointer)
        else { return nil }
        let start = unsafe vector[2 * group]
        let end = unsafe vector[2 * group + 1]
        // PCRE2_UNSET is all ones: -1 as an Int.
        return start >= 0 && start <= end ? start..<end : nil
    }
}
