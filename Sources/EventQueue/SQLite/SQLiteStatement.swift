import CSQLite

/// A value bound to a parameter of a statement.
enum SQLiteValue {
    case integer(Int64)
    case text(String)
    /// UTF-8, stored as text.
    case bytes([UInt8])
    case null

    /// Text, or null for nil.
    static func text(_ value: String?) -> SQLiteValue {
        value.map { .text($0) } ?? .null
    }
}

/// A prepared statement; the one owner of its handle.
///
/// It belongs to the connection that made it, which keeps it as long as itself.
@safe
final class SQLiteStatement {
    private let handle: OpaquePointer
    private let operation: String

    /// Takes over the handle.
    init(takingOwnershipOf handle: OpaquePointer, operation: String) {
        unsafe self.handle = handle
        self.operation = operation
    }

    deinit {
        // The result repeats the last step's, which was checked there.
        unsafe sqlite3_finalize(handle)
    }

    /// Binds from parameter 1 on.
    func bind(_ values: [SQLiteValue]) throws(QueueError) {
        var index: Int32 = 1
        for value in values {
            switch value {
            case .integer(let value): try bind(index, value)
            case .text(let value): try bind(index, value)
            case .bytes(let value): try bind(index, value)
            case .null: try bindNull(index)
            }
            index += 1
        }
    }

    /// Binds an integer.
    func bind(_ index: Int32, _ value: Int64) throws(QueueError) {
        try check(unsafe sqlite3_bind_int64(handle, index, value))
    }

    /// Binds text; it is copied.
    func bind(_ index: Int32, _ value: String) throws(QueueError) {
        var value = value
        let result = value.withUTF8 { bytes in
            // A null pointer would bind NULL, so empty text needs an address.
            unsafe bytes.isEmpty
                ? postern_bind_text_copy(handle, index, "", 0)
                : postern_bind_text_copy(
                    handle, index, bytes.baseAddress, sqlite3_uint64(bytes.count))
        }
        try check(result)
    }

    /// Binds UTF-8 as text; it is copied.
    func bind(_ index: Int32, _ value: [UInt8]) throws(QueueError) {
        let result = unsafe value.withUnsafeBytes { bytes in
            unsafe bytes.isEmpty
                ? postern_bind_text_copy(handle, index, "", 0)
                : postern_bind_text_copy(
                    handle, index, bytes.baseAddress, sqlite3_uint64(bytes.count))
        }
        try check(result)
    }

    /// Binds NULL.
    func bindNull(_ index: Int32) throws(QueueError) {
        try check(unsafe sqlite3_bind_null(handle, index))
    }

    /// Runs to the end with two long texts that are bound without being copied; NULL when empty.
    func run(
        _ first: Int32, borrowing document: [UInt8], _ second: Int32, borrowing request: [UInt8]
    ) throws(QueueError) {
        let result = unsafe document.withUnsafeBytes { document in
            unsafe request.withUnsafeBytes { request in
                var result = unsafe postern_bind_text_borrowed(
                    handle, first, document.baseAddress, sqlite3_uint64(document.count))
                if result == SQLITE_OK {
                    result =
                        unsafe request.isEmpty
                        ? sqlite3_bind_null(handle, second)
                        : postern_bind_text_borrowed(
                            handle, second, request.baseAddress, sqlite3_uint64(request.count))
                }
                if result == SQLITE_OK { result = unsafe sqlite3_step(handle) }
                // The bytes are gone after this scope: nothing may refer to them.
                let afterReset = unsafe sqlite3_reset(handle)
                unsafe sqlite3_bind_null(handle, first)
                unsafe sqlite3_bind_null(handle, second)
                return result == SQLITE_DONE ? SQLITE_OK : max(result, afterReset)
            }
        }
        try check(result)
    }

    /// Goes to the next row; false at the end.
    func step() throws(QueueError) -> Bool {
        switch unsafe sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw failure()
        }
    }

    /// Runs to the end, past any rows, and resets.
    func run() throws(QueueError) {
        defer { reset() }
        while try step() {}
    }

    /// Makes the statement ready to be run again. Bindings stay.
    func reset() {
        // The result repeats the last step's, which was checked there.
        unsafe sqlite3_reset(handle)
    }

    /// An integer column; 0 for NULL.
    func integer(_ column: Int32) -> Int64 {
        unsafe sqlite3_column_int64(handle, column)
    }

    /// A text column; nil for NULL.
    func text(_ column: Int32) -> String? {
        guard let start = unsafe sqlite3_column_text(handle, column) else { return nil }
        let count = unsafe Int(sqlite3_column_bytes(handle, column))
        return unsafe String(
            decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// The bytes of a text column; empty for NULL.
    func bytes(_ column: Int32) -> [UInt8] {
        guard let start = unsafe sqlite3_column_text(handle, column) else { return [] }
        let count = unsafe Int(sqlite3_column_bytes(handle, column))
        return unsafe Array(UnsafeBufferPointer(start: start, count: count))
    }

    private func check(_ result: Int32) throws(QueueError) {
        guard result == SQLITE_OK else { throw failure() }
    }

    private func failure() -> QueueError {
        let connection = unsafe sqlite3_db_handle(handle)
        return unsafe QueueError(
            sqlite: sqlite3_extended_errcode(connection), operation: operation)
    }
}

extension QueueError {
    /// From an extended result code.
    init(sqlite extended: Int32, operation: String) {
        let primary = extended & 0xff
        let code: Code =
            switch primary {
            case SQLITE_FULL: .diskFull
            case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: .readOnly
            case SQLITE_IOERR: .inputOutput
            case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
            case SQLITE_BUSY, SQLITE_LOCKED: .locked
            case SQLITE_TOOBIG: .tooLarge
            case SQLITE_CANTOPEN: .notFound
            default: .system
            }
        self.init(code, operation, .sqlite(primary: primary, extended: extended))
    }
}
