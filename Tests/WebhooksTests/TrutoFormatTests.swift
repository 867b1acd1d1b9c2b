import JSON
import JSONata
import Testing

@testable import Webhooks

/// URLs, XML and times of Truto's functions.
struct TrutoFormatTests {
    // MARK: URLs

    @Test func `a URL is taken apart`() throws {
        let url = try TrutoFunctionTests.result(
            "$parseUrl('HTTPS://us%20er:p@Example.COM:8443/a/./b/../c d?q=1&r=a+b&q=%C3%A9#f')")
        #expect(
            url
                == ##"{"href":"https://us%20er:p@example.com:8443/a/c%20d?q=1&r=a+b&q=%C3%A9#f","##
                + #""origin":"https://example.com:8443","protocol":"https:","username":"us%20er","#
                + #""password":"p","host":"example.com:8443","hostname":"example.com","port":"8443","#
                + ##""pathname":"/a/c%20d","search":"?q=1&r=a+b&q=%C3%A9","hash":"#f","##
                + #""searchParams":{"q":["1","é"],"r":"a b"}}"#)
    }

    @Test(
        arguments: [
            ("http://h:80", "href", "http://h/"), ("http://h:8080/", "host", "h:8080"),
            ("https://h/%2e%2E/a", "pathname", "/a"), ("https://h\\a\\b", "pathname", "/a/b"),
            ("https://[::1]:443/x", "host", "[::1]"), ("mailto:a@b.c", "pathname", "a@b.c"),
            ("mailto:a@b.c", "origin", "null"), ("custom://h/p?x", "search", "?x"),
            (" https://h/ ", "href", "https://h/"), ("https://h/?", "search", ""),
        ])
    func `a part of a URL is this`(url: String, member: String, text: String) throws {
        #expect(URLText.parse(url)?[member]?.stringValue == text)
    }

    @Test(
        arguments: [
            "", "a", "/a", "//h/a", "https:", "https://", "http://h:65536/", "http://h:x/",
            "https://h h/", "https://é/", "1a:b", "https://[1/", "https://a[b]/",
        ])
    func `what is no absolute URL is refused`(url: String) {
        #expect(URLText.parse(url) == nil)
        #expect(
            TrutoFunctionTests.code("$parseUrl(\(JSONValue.string(url).jsonString))") == "P0004")
    }

    // MARK: XML

    @Test(
        arguments: [
            ("<a/>", #"{"a":{}}"#), ("<a>x</a>", #"{"a":{"_text":"x"}}"#),
            (
                "<?xml version='1.0' encoding=\"utf-8\"?>\n<a b='1' c=\"&lt;&#65;&#x42;\"/>",
                #"{"_declaration":{"_attributes":{"version":"1.0","encoding":"utf-8"}},"a":{"_attributes":{"b":"1","c":"<AB"}}}"#
            ),
            (
                "<a><b>1</b><b>2</b><c/></a>",
                #"{"a":{"b":[{"_text":"1"},{"_text":"2"}],"c":{}}}"#
            ),
            ("<a>\n  <b> x </b>\n</a>", #"{"a":{"b":{"_text":" x "}}}"#),
            ("<a>x<b/>y</a>", #"{"a":{"_text":["x","y"],"b":{}}}"#),
            ("<a><![CDATA[<&]]></a>", #"{"a":{"_cdata":"<&"}}"#),
            ("<!-- c --><a/>", #"{"_comment":" c ","a":{}}"#),
            ("<a><?p q?></a>", #"{"a":{"_instruction":{"p":"q"}}}"#),
            ("<a>&amp;&apos;&quot;&gt;é</a>", #"{"a":{"_text":"&'\">é"}}"#),
            (
                "<n:a xmlns:n='u'>1\r\n2</n:a>",
                #"{"n:a":{"_attributes":{"xmlns:n":"u"},"_text":"1\n2"}}"#
            ),
        ])
    func `XML is read in the compact form`(xml: String, result: String) throws {
        let quoted = JSONValue.string(xml).jsonString
        #expect(try TrutoFunctionTests.result("$xmlToJs($)", input: quoted) == result)
    }

    @Test func `XML is read in order when compact is false`() throws {
        #expect(
            try TrutoFunctionTests.result("$xmlToJs('<a b=\"1\">x<c/></a>', {'compact': false})")
                == #"{"elements":[{"type":"element","name":"a","attributes":{"b":"1"},"#
                + #""elements":[{"type":"text","text":"x"},{"type":"element","name":"c"}]}]}"#)
    }

    @Test(
        arguments: [
            "", "x", "<a>", "<a></b>", "<a/><b/>", "<a", "<a b></a>", "<a b=1/>",
            "<a b='1' b='2'/>",
            "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>&#-1;</a>", "<a>&lt</a>",
            "<a b='<'/>",
            "<!DOCTYPE a><a/>", "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>",
            "<a>]]></a>", "<a><!-- -- --></a>", "<a/>x", " <?xml version='1.0'?><a/>", "<1/>",
            "<a\u{0}/>", "<a>\u{1}</a>", "<a/ >", "< a/>",
        ])
    func `what is not well-formed is refused`(xml: String) {
        #expect(throws: XMLReader.Failure.self) { try XMLReader.read(xml) }
        #expect(TrutoFunctionTests.code("$xmlToJs(\(JSONValue.string(xml).jsonString))") == "P0005")
    }

    @Test func `elements nest as deep as the limit and no deeper`() throws {
        let nested = { (depth: Int) in
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        _ = try XMLReader.read(nested(XMLReader.depthMax))
        #expect(throws: XMLReader.Failure.self) {
            try XMLReader.read(nested(XMLReader.depthMax + 1))
        }
    }

    @Test(
        arguments: [
            ("{'a': {'_text': 'x<&'}}, {'spaces': 0}", "<a>x&lt;&amp;</a>"),
            (
                "{'a': {'b': [{'_text': 1}, 'two'], 'c': {}}}, {'spaces': 0}",
                "<a><b>1</b><b>two</b><c/></a>"
            ),
            ("{'a': {'b': 'x'}}", "<a>\n    <b>x</b>\n</a>"),
            (
                "{'_declaration': {'_attributes': {'version': '1.0'}}, 'a': {'_attributes': {'q': '\"<'}}}",
                "<?xml version=\"1.0\"?>\n<a q=\"&quot;&lt;\"/>"
            ),
            ("{'a': {'_cdata': 'x]]>y'}}, {'spaces': 0}", "<a><![CDATA[x]]]]><![CDATA[>y]]></a>"),
        ])
    func `XML is written from the compact form`(arguments: String, xml: String) throws {
        #expect(
            try TrutoFunctionTests.result("$jsToXml(\(arguments))")
                == JSONValue.string(xml).jsonString)
    }

    @Test(
        arguments: [
            "{'a b': 1}", "{'': 1}", "{'a': {'_comment': '--'}}",
            "{'a': {'_attributes': {'<': 1}}}", "5",
        ])
    func `what cannot be XML is refused`(argument: String) {
        #expect(TrutoFunctionTests.code("$jsToXml(\(argument))") == "P0005")
    }

    @Test(arguments: [
        "<a x=\"1\"><b>t</b><b/><c><![CDATA[<]]></c></a>",
        "<?xml version=\"1.0\"?><r a=\"&quot;&#10;\">x &amp; y</r>",
    ])
    func `XML that was read is written as it was`(xml: String) throws {
        #expect(try XMLText.write(try XMLReader.read(xml).compact, spaces: 0) == xml)
    }

    // MARK: Times

    @Test(
        arguments: [
            ("$dtFromIso('2024-02-29T12:34:56.789Z')", "2024-02-29T12:34:56.789Z"),
            ("$dtFromIso('2024-02-29')", "2024-02-29T00:00:00.000Z"),
            ("$dtFromIso('20240229T1234')", "2024-02-29T12:34:00.000Z"),
            ("$dtFromIso('2024-02')", "2024-02-01T00:00:00.000Z"),
            ("$dtFromIso('2024-W09-4')", "2024-02-29T00:00:00.000Z"),
            ("$dtFromIso('2024-060')", "2024-02-29T00:00:00.000Z"),
            ("$dtFromIso('12:30')", "2024-02-29T12:30:00.000Z"),
            ("$dtFromIso('2024-02-29T12:00:00+02:00')", "2024-02-29T10:00:00.000Z"),
            ("$dtFromIso('2024-02-29T24:00:00Z')", "2024-03-01T00:00:00.000Z"),
            ("$dtFromIso('2024-02-29T12:00:00', 'UTC+2')", "2024-02-29T12:00:00.000+02:00"),
            ("$dtFromIso('2024-02-29T12:00:00Z', '-03:30')", "2024-02-29T08:30:00.000-03:30"),
            (
                "$dtFromFormat('29/02/2024 1:05 PM', 'dd/MM/yyyy h:mm a')",
                "2024-02-29T13:05:00.000Z"
            ),
            ("$dtFromFormat('Thu, 29 February 24', 'EEE, d MMMM yy')", "2024-02-29T00:00:00.000Z"),
            (
                "$dtFromFormat('2024-02-29 10:11:12.5 +0200', 'yyyy-MM-dd HH:mm:ss.u ZZZ')",
                "2024-02-29T08:11:12.500Z"
            ),
            ("$dtFromFormat('29 at 7', \"d 'at' H\")", "2024-02-29T07:00:00.000Z"),
            ("$dtFromFormat('1709210096', 'X')", "2024-02-29T12:34:56.000Z"),
            ("$dtFromFormat('1709210096789', 'x')", "2024-02-29T12:34:56.789Z"),
            ("$dtFromFormat(1709210096, 'fromSeconds')", "2024-02-29T12:34:56.000Z"),
            (
                "$dtFromFormat('Thu, 29 Feb 2024 12:34:56 GMT', 'RFC2822')",
                "2024-02-29T12:34:56.000Z"
            ),
            ("$dtFromFormat('2024-02-29', 'ISO')", "2024-02-29T00:00:00.000Z"),
            (
                "$dtFromFormat('2024-02-29', 'yyyy-MM-dd', {'zone': 'UTC+2'})",
                "2024-02-29T00:00:00.000+02:00"
            ),
        ])
    func `a time is read`(source: String, time: String) throws {
        #expect(try TrutoFunctionTests.result(source) == "\"\(time)\"")
    }

    @Test(
        arguments: [
            "$dtFromIso('')", "$dtFromIso('2023-02-29')", "$dtFromIso('2024-13-01')",
            "$dtFromIso('x')",
            "$dtFromIso('2024-02-29T25:00')", "$dtFromIso('2023-366')",
            "$dtFromFormat('Fri 29 Feb 2024', 'EEE d MMM yyyy')", "$dtFromFormat('13 PM', 'h a')",
            "$dtFromFormat('2024', 'yyyy-MM')", "$dtFromFormat('1', 'Q')",
        ])
    func `what is no time is null`(source: String) throws {
        #expect(try TrutoFunctionTests.result(source) == "null")
    }

    @Test func `zones by name are refused`() {
        #expect(TrutoFunctionTests.code("$dtFromIso('2024', 'Europe/Berlin')") == "P0006")
    }
}
