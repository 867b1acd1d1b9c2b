internal import JSON

/// Documents that are held, and read as views.
struct DocumentTable: ~Copyable {
    private var documents: [JSONDocument] = []
    private var views = Arena<DocumentView>()
    /// A text that no document was made of: the first of the views then.
    private var text: [UInt8]?
    private var tape = TapeMemory()
    /// The document of `text`, made when it is asked for first.
    private var textDocument: JSONDocument?

    init() {}

    /// The number of a document, held from now on.
    mutating func add(_ document: JSONDocument) -> Int32 {
        let first = text == nil ? 0 : 1
        if let place = documents.firstIndex(where: { $0 === document }) {
            return Int32(truncatingIfNeeded: first + place)
        }
        documents.append(document)
        views.append(document.view)
        return Int32(truncatingIfNeeded: views.count - 1)
    }

    /// The number of a text's document in memory that is kept for the next evaluation; there is none yet.
    ///
    /// - Throws: `JSONError` for a text that is no JSON.
    mutating func add(_ text: [UInt8]) throws(JSONError) -> Int32 {
        precondition(views.isEmpty)
        views.append(try tape.scan(text))
        self.text = text
        return 0
    }

    /// To be used only while the table holds the document.
    subscript(document: Int32) -> DocumentView { views[Int(document)] }

    /// A value for use beyond the evaluation.
    mutating func node(_ number: Int32, _ index: Int32) -> JSONNode? {
        guard let text else {
            return JSONNode(document: documents[Int(number)], index: Int(index))
        }
        if number == 0, textDocument == nil { textDocument = try? JSONDocument(parsing: text) }
        let document = number == 0 ? textDocument : documents[Int(number) - 1]
        return document.map { JSONNode(document: $0, index: Int(index)) }
    }

    mutating func removeAll() {
        if !documents.isEmpty { documents.removeAll(keepingCapacity: true) }
        views.truncate(to: 0)
        if text != nil {
            text = nil
            textDocument = nil
        }
        tape.forget()
    }
}
