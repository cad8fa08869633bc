import Foundation

@testable import FileSystem
@testable import FileTree
@testable import TwilioAPI

/// Names that programs ask for, and paths.
let nameTargets: [FuzzTarget] = [
    FuzzTarget(name: "date-name") { bytes in
        let parts = text(bytes).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard let year = DateSpan(yearNamed: parts[0]) else { return }
        check(year.name == parts[0], "a year is written in another way")
        var span = year
        for part in parts.dropFirst() {
            guard let next = span.child(named: part) else { return }
            check(next.name == part, "a month or a day is written in another way")
            check(
                span.interval.lowerBound <= next.interval.lowerBound
                    && next.interval.upperBound <= span.interval.upperBound, "a part lies outside of the whole")
            span = next
        }
    },
    FuzzTarget(name: "file-name") { bytes in
        let name = text(bytes)
        if let recording = RecordingName(name) {
            check("\(recording.sid).\(recording.suffix)" == name, "a name is written in another way")
        }
        for grouping in Grouping.allCases {
            if let group = grouping.group(named: name) { check(group.description == name, "a group has another name") }
        }
    },
    FuzzTarget(name: "mount-finder") { bytes in
        // The path is a user's; the table is the kernel's.
        _ = try MountFinder.mountPoint(above: text(bytes))
    },
]
