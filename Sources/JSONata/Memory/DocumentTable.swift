internal import JSON

/// Documents that are held, and read as views.
struct DocumentTable: ~Copyable {
    private var documents: [JSONDocument] = []
    private var views = Arena<DocumentView>()

    init() {}

    /// The number of a document, held from now on.
    mutating func add(_ document: JSONDocument) -> Int32 {
        if let place = documents.firstIndex(where: { $0 === document }) {
            return Int32(truncatingIfNeeded: place)
        }
        documents.append(document)
        views.append(document.view)
        return Int32(truncatingIfNeeded: documents.count - 1)
    }

    /// To be used only while the table holds the document.
    subscript(document: Int32) -> DocumentView { views[Int(document)] }

    func document(_ number: Int32) -> JSONDocument { documents[Int(number)] }

    mutating func removeAll() {
        documents.removeAll(keepingCapacity: true)
        views.truncate(to: 0)
    }
}
