import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("Downloads over a socket", .orderly)
struct DownloadTests {
    let resource = pattern(5000)

    @Test("The whole resource, a range, an open range and a suffix hold the right bytes at the right offset")
    func ranges() throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            if request["Range"] == "bytes=-100" {
                let fields = [("Content-Range", "bytes 4900-4999/5000")]
                return connection.respond(206, fields, Array(resource[4900...]))
            }
            connection.serve(resource, to: request)
        }
        let client = try makeClient()
        let address = try server.address()
        let cases: [(ByteRange?, Range<Int>)] = [
            (nil, 0..<5000), (.bytes(0..<1), 0..<1), (.bytes(1234..<2345), 1234..<2345), (.from(4000), 4000..<5000),
            (.bytes(4000..<9000), 4000..<5000), (.suffix(100), 4900..<5000),
        ]
        for (range, expected) in cases {
            let record = download(client, address, range: range)
            #expect(record.isSuccess && record.violations.isEmpty, "\(String(describing: range)): \(record.results)")
            #expect(record.bytes == Array(resource[expected]))
            #expect(record.offsets == [Int64(expected.lowerBound)])
        }
        #expect(server.requests.allSatisfy { $0["Accept-Encoding"] == "identity" && $0["User-Agent"] == "tests" })
        #expect(
            server.requests.map { $0["Range"] } == [
                nil, "bytes=0-0", "bytes=1234-2344", "bytes=4000-", "bytes=4000-8999", "bytes=-100",
            ])
        #expect(server.connectionCount == 1)
    }

    @Test("An empty range asks nobody")
    func emptyRange() throws {
        let server = try ScriptedServer { _, connection in connection.respond(500) }
        let record = download(try makeClient(), try server.address(), range: .bytes(7..<7))
        #expect(record.isSuccess && record.bytes.isEmpty && server.requests.isEmpty)
    }

    @Test("A connection reset after any byte is resumed at that byte", arguments: [nil, ByteRange.bytes(100..<140)])
    func resumesAtEveryByte(range: ByteRange?) throws {
        let resource = pattern(160)
        let wanted = range == nil ? 0..<160 : 100..<140
        let client = try makeClient()
        for broken in stride(from: 0, to: wanted.count, by: 4) {
            let server = try ScriptedServer { request, connection in
                guard request.index == 0 else { return connection.serve(resource, to: request) }
                connection.serve(resource, to: request, upTo: broken)
                if broken % 8 == 0 { connection.reset() } else { connection.hangUp() }
            }
            let record = download(client, try server.address(), range: range)
            #expect(record.isSuccess, "broken after \(broken): \(record.results) \(record.violations)")
            #expect(record.bytes == Array(resource[wanted]))
            #expect(server.requests.count == 2)
            if broken > 0 {
                #expect(server.requests.last?.range?.first == wanted.lowerBound + broken)
            }
            server.stop()
        }
    }

    @Test("A server that doesn't know ranges gives the whole resource, and the resumed part is not handed on twice")
    func wholeForRange() throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            connection.respond(
                200, [("Content-Length", "\(resource.count)")], request.index == 0 ? Array(resource[..<777]) : resource)
            if request.index == 0 { connection.hangUp() }
        }
        let record = download(try makeClient(), try server.address(), range: .bytes(100..<4000))
        #expect(record.isSuccess, "\(record.results) \(record.violations)")
        #expect(record.offsets == [0, 777])
        #expect(record.bytes == resource)
    }

    @Test("A 200 that answers the resuming of a range stops where the range ends")
    func wholeForResume() throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            if request.index == 0 {
                connection.serve(resource, to: request, upTo: 50)
                connection.hangUp()
            } else {
                connection.respond(200, [("ETag", "\"one\"")], resource)
            }
        }
        let record = download(try makeClient(), try server.address(), range: .bytes(100..<200))
        #expect(record.isSuccess, "\(record.results) \(record.violations)")
        #expect(record.bytes == Array(resource[100..<200]))
    }

    @Test("A body in chunks without length arrives whole, and one that breaks off is resumed")
    func chunked() throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            guard request.range == nil else { return connection.serve(resource, to: request) }
            connection.send("HTTP/1.1 200 OK\r\nETag: \"one\"\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.send("3e8\r\n")
            connection.send(Array(resource[..<1000]))
            if request.target == "/broken" { return connection.hangUp() }
            connection.send("\r\nfa0\r\n")
            connection.send(Array(resource[1000...]))
            connection.send("\r\n0\r\nX-Trailer: of no meaning\r\n\r\n")
        }
        let client = try makeClient()
        for path in ["/whole", "/broken"] {
            let record = download(client, try server.address(path))
            #expect(record.isSuccess && record.bytes == resource, "\(path): \(record.results) \(record.violations)")
        }
        #expect(server.requests.last?.range?.first == 1000)
    }

    @Test("A body in chunks that has no end is given up with the first byte beyond the limit")
    func endless() throws {
        let server = try ScriptedServer { request, connection in
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = Array("64\r\n".utf8) + pattern(100) + Array("\r\n".utf8)
            while connection.send(chunk) {}
        }
        let recorder = Recorder()
        let client = try makeClient()
        client.download(
            DownloadRequest(range: .bytes(0..<500), bodyLimit: 1000, patience: .short), from: try server.address(),
            to: recorder)
        let record = recorder.wait()
        #expect(record.error?.code == .bodyTooLarge && record.bytes.count <= 1000, "\(record.results)")
        try wait(until: "the connection is closed") { server.openConnectionCount == 0 }
    }

    @Test("A chunked body that broke off after its last byte is complete when the server says so")
    func brokenAtEnd() throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            guard request.range == nil else { return connection.serve(resource, to: request) }
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n")
            connection.send(resource)
            connection.hangUp()
        }
        let record = download(try makeClient(), try server.address())
        #expect(record.isSuccess && record.bytes == resource, "\(record.results)")
    }

    @Test("Parts smaller than asked for are put together")
    func smallParts() throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            let first = request.range?.first ?? 0
            let last = min(first + 999, resource.count - 1, request.range?.last ?? .max)
            let fields = [("Content-Range", "bytes \(first)-\(last)/\(resource.count)")]
            connection.respond(206, fields, Array(resource[first...last]))
        }
        let record = download(try makeClient(), try server.address(), range: .bytes(500..<4800))
        #expect(record.isSuccess && record.bytes == Array(resource[500..<4800]), "\(record.results)")
        #expect(record.offsets == [500, 1500, 2500, 3500, 4500])
        let open = download(try makeClient(), try server.address(), range: .from(0))
        #expect(open.isSuccess && open.bytes == resource, "\(open.results)")
        #expect(open.offsets == [0, 1000, 2000, 3000, 4000])
    }

    @Test(
        "An answer that contradicts the request or itself is refused and repeated, and nothing that it says is kept",
        arguments: [
            "bytes 0-99/100", "bytes 101-199/5000", "bytes 100-200/5000", "bytes 99-199/5000", "bytes 100-199/150",
            "bytes 199-100/5000", "bytes=100-199/5000", "items 100-199/5000", "bytes 100-199", "",
        ])
    func contradictions(contentRange: String) throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            guard request.index == 0 else { return connection.serve(resource, to: request) }
            connection.respond(206, [("Content-Range", contentRange), ("ETag", "\"other\"")], pattern(100, seed: 8))
        }
        let record = download(try makeClient(), try server.address(), range: .bytes(100..<200))
        #expect(record.isSuccess && record.bytes == Array(resource[100..<200]), "\(record.results)")
        #expect(server.requests.count == 2)
    }

    @Test("A part longer than it announced is refused and repeated, and nothing beyond is handed on")
    func tooLong() throws {
        let resource = pattern(100)
        let server = try ScriptedServer { request, connection in
            guard request.index == 0 else { return connection.serve(resource, to: request) }
            connection.send("HTTP/1.1 206 OK\r\nContent-Range: bytes 0-9/100\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.send("14\r\n01234567890123456789\r\n0\r\n\r\n")
        }
        let record = download(try makeClient(), try server.address(), range: .bytes(0..<10))
        #expect(record.isSuccess && record.bytes == Array(resource[..<10]), "\(record.results)")
        #expect(server.requests.count == 2)
    }

    @Test(
        "Another entity tag or size in the resumed part is a change", arguments: ["tag", "size", "shorter", "expected"])
    func changes(what: String) throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            if request.index == 0 {
                connection.serve(resource, to: request, upTo: 1000)
                return connection.hangUp()
            }
            switch what {
            case "tag": connection.serve(resource, to: request, tag: "\"two\"")
            case "size": connection.serve(resource + [1], to: request)
            default: connection.respond(200, [], Array(resource[..<500]))
            }
        }
        let tag = what == "expected" ? "\"zero\"" : nil
        let record = download(try makeClient(), try server.address(), expecting: tag)
        #expect(record.error?.code == .changed, "\(record.results)")
        #expect(record.bytes == (what == "expected" ? [] : Array(resource[..<1000])))
    }

    @Test("An empty resource and one without content end well without bytes", arguments: [200, 204])
    func empty(status: Int) throws {
        let server = try ScriptedServer { _, connection in connection.respond(status) }
        let record = download(try makeClient(), try server.address())
        #expect(record.isSuccess && record.bytes.isEmpty && record.offsets == [0], "\(record.results)")
    }

    @Test("A stalled connection is given up and the download resumed")
    func stalls() throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            switch request.index {
            case 0: connection.stall()
            case 1:
                connection.serve(resource, to: request, upTo: 2000)
                connection.stall()
            default: connection.serve(resource, to: request)
            }
        }
        var patience = Patience.short
        patience.stall = .milliseconds(150)
        let record = download(try makeClient(), try server.address(), patience: patience)
        #expect(record.isSuccess && record.bytes == resource, "\(record.results) \(record.violations)")
        #expect(server.requests.map { $0.range?.first } == [nil, nil, 2000])
    }

    @Test("A connection over which a byte comes now and then is given up, and the download resumed")
    func trickles() throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            guard request.index == 0 else { return connection.serve(resource, to: request) }
            connection.serve(resource, to: request, upTo: 100)
            // All of it would take minutes.
            connection.trickle(resource[100...], microseconds: 50_000)
        }
        let record = download(try makeClient(), try server.address())
        #expect(record.isSuccess && record.bytes == resource, "\(record.results) \(record.violations)")
        #expect(server.requests.count > 1 && server.requests.last?.range?.first ?? 0 >= 100)
    }

    @Test("Without progress a download ends when patience does, not much earlier, and goes on with more of it")
    func givesUp() throws {
        let server = try ScriptedServer { _, connection in connection.respond(503) }
        let client = try makeClient()
        var patience = Patience(
            stall: .seconds(60), giveUp: .seconds(1), firstBackoff: .milliseconds(5), maximalBackoff: .milliseconds(40))
        let start = ContinuousClock.now
        let record = download(client, try server.address(), patience: patience)
        #expect(start.duration(to: .now) > .milliseconds(900))
        #expect(record.error?.code == .deadlineExceeded && record.error?.status == 503, "\(record.results)")
        let count = server.requests.count
        #expect(count > 1)
        patience.giveUp = .seconds(3600)
        let lasting = Recorder()
        let address = try server.address("/lasting")
        let task = client.download(DownloadRequest(patience: patience), from: address, to: lasting)
        try wait(until: "as many requests were in vain") {
            server.requests.count { $0.target == "/lasting" } > count
        }
        #expect(lasting.soFar.results.isEmpty)
        task.cancel()
    }

    @Test("A connection that stalls again and again ends when patience does")
    func givesUpStalled() throws {
        let server = try ScriptedServer { _, connection in connection.stall() }
        let patience = Patience(
            stall: .milliseconds(150), giveUp: .milliseconds(1500), firstBackoff: .milliseconds(1),
            maximalBackoff: .milliseconds(2))
        let record = download(try makeClient(), try server.address(), patience: patience)
        #expect(record.error?.code == .deadlineExceeded, "\(record.results)")
        #expect((record.error?.cause as? TransferError)?.code == .stalled)
        #expect(server.requests.count <= 10, "each takes a tenth of its patience, or more")
    }

    @Test("An expired address is replaced, and the download goes on at the byte", arguments: [403, 400, 401])
    func expires(status: Int) throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            if request.target == "/new?signature=2" { return connection.serve(resource, to: request) }
            if request.index == 0 {
                connection.serve(resource, to: request, upTo: 1500)
                return connection.hangUp()
            }
            connection.respond(status, [], Array("<Error><Code>ExpiredToken</Code></Error>".utf8))
        }
        let old = try server.address("/old?signature=1")
        let source = ListedAddresses([old, try server.address("/new?signature=2")])
        let record = download(try makeClient(), source)
        #expect(record.isSuccess && record.bytes == resource, "\(record.results) \(record.violations)")
        #expect(source.refused == [nil, old])
        #expect(server.requests.map { $0.range?.first } == [nil, 1500, 1500])
    }

    @Test("A source is asked at most twice again without progress, and once if it has but an address with a credential")
    func refusedForGood() throws {
        let server = try ScriptedServer { _, connection in connection.respond(403, [], Array("no".utf8)) }
        // Two presigned addresses of the same second are equal.
        let presigned = try server.address("/presigned")
        let own = try server.address("/own", credentials: FixedCredential(Credential(username: "u", password: "p")))
        for (address, asked) in [(presigned, [nil, presigned, presigned]), (own, [nil, own])] {
            let source = ListedAddresses(Array(repeating: address, count: 5))
            let record = download(try makeClient(), source)
            #expect(record.error?.code == .status && record.error?.status == 403)
            #expect(record.error?.response?.body == Array("no".utf8))
            #expect(source.refused == asked)
        }
        #expect(server.requests.map(\.target) == ["/presigned", "/presigned", "/presigned", "/own"])
    }

    @Test("An address that is refused behind its redirect is asked again, since it may redirect elsewhere")
    func refusedBehindRedirect() throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            switch request.target {
            case "/fresh": connection.serve(resource, to: request)
            case "/old": connection.respond(403, [], Array("no".utf8))
            default: connection.respond(302, [("Location", request.index == 0 ? "/old" : "/fresh")])
            }
        }
        let record = download(try makeClient(), try server.address())
        #expect(record.isSuccess && record.bytes == resource, "\(record.results)")
        #expect(server.requests.map(\.target) == ["/media", "/old", "/media", "/fresh"])
    }

    @Test("A source without addresses ends the download and says why")
    func noAddress() throws {
        let record = download(try makeClient(), ListedAddresses([]))
        #expect(record.error?.code == .addressUnavailable)
        #expect(record.error?.cause is ListedAddresses.Exhausted)
    }

    @Test("A 404 is final, unless media may not exist yet")
    func notFound() throws {
        let resource = resource
        let server = try ScriptedServer { request, connection in
            request.index < 4 ? connection.respond(404) : connection.serve(resource, to: request)
        }
        let client = try makeClient()
        #expect(download(client, try server.address()).error?.status == 404)
        #expect(server.requests.count == 1)
        #expect(download(client, try server.address(), retriesNotFound: true).isSuccess)
        #expect(server.requests.count == 5)
    }

    @Test("A 404 that stays is told as what it is")
    func notFoundForGood() throws {
        let server = try ScriptedServer { _, connection in connection.respond(404) }
        var patience = Patience.short
        // Time for one attempt, also on a busy machine.
        patience.giveUp = .seconds(1)
        let record = download(try makeClient(), try server.address(), patience: patience, retriesNotFound: true)
        #expect(record.error?.code == .status && record.error?.status == 404)
    }
}
