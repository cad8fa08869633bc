import Foundation

@testable import Transfer

/// Heads of HTTP answers, and addresses.
let transferTargets: [FuzzTarget] = [
    FuzzTarget(name: "head-parser") { bytes in
        var parser = HeadParser()
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            switch parser.take(line + [UInt8(ascii: "\n")]) {
            case .more: continue
            case .malformed: return
            case .complete(let status, let fields):
                check((100...999).contains(status), "a status of other than three digits")
                let address = Address(url: URL(filePath: "/"))
                let head = ResponseHead(status: status, headers: fields, address: address)
                check(head.contentLength.map { $0 >= 0 } ?? true, "a negative length")
                _ = head.contentRange
                _ = fields.retryAfter(wallClock: Date(timeIntervalSince1970: 1_800_000_000))
            }
        }
    },
    FuzzTarget(name: "content-range") { bytes in
        if let total = ContentRange.totalOfUnsatisfiedRange(text(bytes)) { check(total >= 0, "a negative size") }
        guard let range = ContentRange(text(bytes)) else { return }
        check(0 <= range.first && range.first <= range.last, "a range that ends before it begins")
        check(range.total.map { range.last < $0 } ?? true, "a range beyond the end")
        check(range.count > 0, "an empty range")
    },
    FuzzTarget(name: "retry-after") { bytes in
        let parts = fields(bytes)
        let answer = HeaderFields([("Retry-After", parts[0]), ("Date", parts.dropFirst().first ?? "")])
        guard let wait = answer.retryAfter(wallClock: Date(timeIntervalSince1970: 1_800_000_000)) else { return }
        check(wait >= .zero, "a wait that is negative")
        // Callers add it to the time.
        _ = ContinuousClock.now + min(wait, .seconds(120))
    },
    FuzzTarget(name: "http-date") { bytes in
        guard let date = Date(httpDate: text(bytes)) else { return }
        check(date.timeIntervalSince1970 >= 0, "a date before 1970")
    },
    FuzzTarget(name: "redirect") { bytes in
        let parts = fields(bytes)
        guard let url = URL(string: parts[0]) else { return }
        let credentials = FixedCredential(Credential(username: "user", password: "secret"))
        let address = Address(url: url, credentials: credentials)
        _ = address.description
        let next = try address.redirected(to: parts.dropFirst().first ?? "")
        check(next.credentials == nil || next.origin == address.origin, "a credential goes to another origin")
        _ = next.description
    },
]
