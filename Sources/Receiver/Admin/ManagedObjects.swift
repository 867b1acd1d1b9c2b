import JSON

/// Where the admin API keeps what it is given: below the data directory, one JSON file an object, so
/// that a configuration folder may stay read-only.
package enum ManagedObjects {
    static func integrations(_ dataDirectory: String) -> String {
        FileSystem.join(dataDirectory, "admin/integrations")
    }

    static func accounts(_ dataDirectory: String) -> String {
        FileSystem.join(dataDirectory, "admin/accounts")
    }

    /// An id names a file: letters, digits, `-`, `_` and `.`, up to 128, no dot in front.
    static func isIdentifier(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && !text.hasPrefix(".")
            && text.utf8.allSatisfy { byte in
                byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
                    || byte >= 0x30 && byte <= 0x39 || [0x2D, 0x2E, 0x5F].contains(byte)
            }
    }

    /// The file of an object.
    static func file(_ folder: String, _ id: String) -> String {
        FileSystem.join(folder, id + ".json")
    }

    /// Writes an object so that it outlives a power cut.
    static func write(_ object: JSONObject, to path: String) throws(AdminError) {
        do throws(FileError) {
            try FileSystem.makeFolder(FileSystem.folder(of: path))
            try FileSystem.write(JSONValue.object(object).serialized(), to: path, durable: true)
        } catch { throw AdminError(503, "the object was not stored: \(error)") }
    }

    /// Removes an object for good.
    static func remove(_ path: String) throws(AdminError) {
        do throws(FileError) { try FileSystem.removeDurably(path) } catch {
            throw AdminError(503, "the object was not removed: \(error)")
        }
    }

    /// RFC 7396: members of the patch replace those of the object; null removes one.
    static func merge(_ patch: JSONObject, into target: JSONObject) -> JSONObject {
        var merged = target
        for (key, value) in patch {
            if value.isNull {
                merged[key] = nil
            } else if let inner = value.objectValue {
                merged[key] = .object(merge(inner, into: merged[key]?.objectValue ?? JSONObject()))
            } else {
                merged[key] = value
            }
        }
        return merged
    }
}
