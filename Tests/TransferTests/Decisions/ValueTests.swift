import FoundationEssentials
import TestSupport
import Testing

@testable import Transfer

@Suite("Header fields and other values", .orderly)
struct ValueTests {
    @Test(
        "A Content-Range is read strictly",
        arguments: [
            ("bytes 0-0/1", true), ("bytes 5-9/*", true), ("BYTES 5-9/10", true),
            ("bytes 0-1125899906842623/1125899906842624", true), ("bytes 0-1125899906842624/*", false),
            ("bytes 0-9223372036854775806/*", false), ("bytes 0-1/1125899906842625", false),
            ("bytes 5-9/9", false), ("bytes 9-5/10", false), ("bytes */10", false), ("bytes -5/10", false),
            ("bytes 5-/10", false), ("bytes 5-9", false), ("bytes  5-9/10", false), ("bytes 5-9/10 ", false),
            ("bytes +5-9/10", false), ("bytes 5-9/10/11", false), ("bytes 5-9-10/11", false), ("octets 5-9/10", false),
            ("bytes 0-9223372036854775807/*", false), ("bytes 0-99999999999999999999/*", false), ("", false),
            ("bytes ٥-9/10", false), ("bytes 5-9/", false),
        ])
    func contentRange(text: String, isValid: Bool) {
        #expect((ContentRange(text) != nil) == isValid)
    }

    @Test("A Content-Range's numbers are what they say")
    func contentRangeNumbers() throws {
        let range = try #require(ContentRange("bytes 5-9/10"))
        #expect(range.first == 5 && range.last == 9 && range.total == 10)
        #expect(ContentRange.totalOfUnsatisfiedRange("bytes */10") == 10)
        #expect(ContentRange.totalOfUnsatisfiedRange("bytes 1-2/10") == nil)
    }

    @Test(
        "Retry-After is seconds or a date, and anything else is nothing",
        arguments: [
            ("0", 0), ("120", 120), ("Sun, 06 Nov 1994 08:50:37 GMT", 60), ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
            ("-1", nil), ("1.5", nil), ("soon", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("", nil),
            ("Sun, 06 Foo 1994 08:49:37 GMT", nil), ("121", 120), ("9223372036854775807", 120),
            ("9223372036854775808", 120), ("00000000000000000000000000000000000001", 1),
            (String(repeating: "9", count: 100), 120), ("Fri, 31 Dec 9999 23:59:59 GMT", 120),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Wed, 31 Dec 1969 23:59:58 GMT", nil),
            ("Sunday, 06-Nov-94 08:50:37 GMT", 60), (" GMT", nil),
            ("Sun, 32 Nov 1994 08:49:37 GMT", nil), ("-1 GMT", nil),
            ("Fri, 31 Dec 99999999999999999999 23:59:59 GMT", nil),
        ] as [(String, Int?)])
    func retryAfter(value: String, seconds: Int?) {
        let headers = HeaderFields([("retry-after", value), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")])
        #expect(headers.retryAfter(wallClock: .distantFuture) == seconds.map { .seconds($0) })
    }

    @Test("Without a Date the wall clock is what a Retry-After date is compared with")
    func retryAfterClock() {
        let headers = HeaderFields([("Retry-After", "Sun, 06 Nov 1994 08:49:47 GMT")])
        // 784111777 is RFC 9110's example date in seconds, by `date -d`.
        #expect(headers.retryAfter(wallClock: Date(timeIntervalSince1970: 784_111_777)) == .seconds(10))
    }

    @Test(
        "A length that is none, or two that differ, make a head that can't be understood",
        arguments: [
            ([], true), (["0"], true), (["1125899906842624"], true), (["5", "5"], true), (["1125899906842625"], false),
            (["-1"], false), (["18446744073709551616"], false), (["abc"], false), (["5", "6"], false), ([""], false),
            (["5, 5"], false), (["+5"], false), (["0x5"], false), (["5 6"], false),
        ])
    func contentLength(values: [String], isValid: Bool) throws {
        let fields = HeaderFields(values.map { ("content-LENGTH", $0) })
        let head = ResponseHead(status: 200, headers: fields, address: Address(url: try url("https://h.example/")))
        #expect((head.fault == nil) == isValid)
    }

    @Test(
        "Durations of any length have a number of milliseconds",
        arguments: [
            (.zero, 0), (.milliseconds(1500), 1500), (.nanoseconds(1), 1), (.seconds(Int64.max), .max),
            (.seconds(Int64.min), .min), (.seconds(9_223_372_036_854_775), 9_223_372_036_854_775_000),
        ] as [(Duration, Int)])
    func milliseconds(duration: Duration, expected: Int) {
        #expect(duration.milliseconds == expected)
    }

    @Test("Texts of servers are shown without control characters")
    func foreignTexts() throws {
        let head = ResponseHead(
            status: 200, headers: HeaderFields([("Content-Length", "5\u{1B}[31m\u{9B}")]),
            address: Address(url: try url("https://h.example/")))
        let fault = try #require(head.fault)
        #expect(!fault.unicodeScalars.contains { $0.properties.generalCategory == .control })
        // libcurl refuses or encodes what it can't take in a redirect's target.
        let here = Address(url: try url("https://h.example/"))
        for text in [
            "https://h.example/a\u{1B}[31m", "https://h.example/a\u{202E}b\u{9B}", "https://a\u{202E}.example/",
        ] {
            guard let there = try? here.redirected(to: text) else { continue }
            #expect(
                !"\(there)".unicodeScalars.contains { [.control, .format].contains($0.properties.generalCategory) })
        }
    }

    @Test("The beginning of an answer is put together from its lines")
    func parser() throws {
        var parser = HeadParser()
        let lines = [
            "HTTP/1.1 103 Early Hints\r\n", "Link: </style>\r\n", "\r\n", "HTTP/2 206 \r\n", "A:  x y \t\r\n",
            "Folded: one\r\n", "  two\r\n", "a: second\r\n", "No colon\r\n", "Empty:\r\n",
        ]
        for line in lines {
            guard case .more = parser.take(Array(line.utf8)) else {
                Issue.record("\(line) ends it")
                return
            }
        }
        guard case .complete(let status, let fields) = parser.take(Array("\r\n".utf8)) else {
            Issue.record("it isn't complete")
            return
        }
        #expect(status == 206 && fields["a"] == "x y" && fields["Link"] == nil && fields["Empty"] == "")
        #expect(fields["FOLDED"] == "one two" && Array(fields).count == 4)
    }

    @Test(
        "A beginning that is none is malformed",
        arguments: [
            ["\r\n"], ["HTTP/1.1 20 OK\r\n"], ["HTTP/1.1 2x0\r\n"], ["HTTP/1.1 200 OK\r\n", "\tA: b\r\n"],
            ["HTTP/1.1 200 OK\r\n", " A: b\r\n"], ["HTTP/1.1 200 OK\r\n", "A: \0\r\n"],
            ["HTTP/1.1 100 Continue\r\n", "A: b\r\n", "\r\n", "HTTP/1.1 200 OK\r\n", "\tA: b\r\n"],
        ])
    func malformed(lines: [String]) {
        var parser = HeadParser()
        for line in lines.dropLast() {
            guard case .more = parser.take(Array(line.utf8)) else {
                Issue.record("\(line) ends it")
                return
            }
        }
        guard case .malformed = parser.take(Array((lines.last ?? "").utf8)) else {
            Issue.record("\(lines) is taken")
            return
        }
    }

    @Test(
        "Lines are bounded in number and size: in a head, in interim answers and in trailers",
        arguments: [
            (["HTTP/1.1 200 OK\r\n"], ["A: b\r\n"], 255),
            (["HTTP/1.1 200 OK\r\n"], ["X: \(String(repeating: "x", count: 1019))\r\n"], 63),
            (["HTTP/1.1 200 OK\r\n"], ["X: x\r\n", " \(String(repeating: "x", count: 1000))\r\n"], 129),
            ([], ["HTTP/1.1 103 Early Hints\r\n", "\r\n"], 256),
            (["HTTP/1.1 200 OK\r\n", "\r\n"], ["Trailer: x\r\n"], 254),
        ])
    func bounded(start: [String], repeated: [String], expected: Int) {
        var parser = HeadParser()
        for line in start { _ = parser.take(Array(line.utf8)) }
        var count = 0
        while case .more = parser.take(Array(repeated[count % repeated.count].utf8)) {
            count += 1
            guard count < 1000 else {
                Issue.record("it takes everything")
                return
            }
        }
        #expect(count == expected)
    }
}
