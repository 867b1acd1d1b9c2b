extension Span<UInt8> {
    /// Whether this text is at a place.
    func holds(_ text: StaticString, at place: Int) -> Bool {
        let length = text.utf8CodeUnitCount
        guard place >= 0, place <= count - length else { return false }
        for index in 0..<length {
            // A static string's bytes are there for ever.
            if unsafe self[place + index] != text.utf8Start[index] { return false }
        }
        return true
    }
}
