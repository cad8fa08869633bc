import Logging
import Support

/// Where log lines go, how they look, and which are left out.
final class LogOutput: Sendable {
    /// Where lines go.
    enum Destination {
        case standardError
        case systemLog
        case file(LogFile)
    }

    private let format: LogFormat
    private let destination: Destination

    /// The least level that is logged while debug logging is off.
    private let leastLevel: Logger.Level

    private struct State {
        var isDebugging = false

        /// How many lines the file has lost since the last one that it took.
        var lostLines = 0

        /// Whether standard error was told that lines are lost.
        var hasComplained = false
    }

    private let state = Locked(State())

    /// The lines on their way; made before anything is logged.
    private let queue = Locked<LogQueue?>(nil)

    init(format: LogFormat, destination: Destination, leastLevel: Logger.Level) {
        self.format = format
        self.destination = destination
        self.leastLevel = leastLevel
        if case .systemLog = destination { SystemLog.open() }
        let queue = LogQueue { [weak self] entries, lostCount in
            guard let self else { return }
            for entry in entries { perform(entry) }
            guard lostCount > 0 else { return }
            let lines = lostCount == 1 ? "1 line was" : "\(lostCount) lines were"
            let message = "\(lines) lost here (nothing read the log in time)"
            // At once, and not behind what has come since.
            perform(entry(of: LogLine(level: .warning, label: "twiliofs", message: message, fields: [:])))
        }
        self.queue.withLock { $0 = queue }
    }

    /// Waits until what was logged is written, or for a second where nobody reads it.
    func flush() {
        queue.withLock { $0 }?.flush(within: .seconds(1))
    }

    /// A logger that writes here.
    func logger() -> Logger {
        Logger(label: "twiliofs") { OutputLogHandler(label: $0, output: self) }
    }

    /// The least level that is logged now.
    var threshold: Logger.Level { state.withLock(\.isDebugging) ? min(leastLevel, .debug) : leastLevel }

    /// Whether nobody takes the lines at the moment.
    var isUnheard: Bool { if case .systemLog = destination { !SystemLog.isReachable } else { false } }

    /// Logs at the level debug as well, or not any more.
    @Sendable func switchDebugging() {
        let isDebugging = state.withLock { state in
            state.isDebugging.toggle()
            return state.isDebugging
        }
        note("debug logging is \(isDebugging ? "on" : "off") (SIGUSR2)")
    }

    /// Opens the file anew by its name, if the lines go to one.
    @Sendable func reopen() {
        guard case .file(let file) = destination else {
            note("SIGHUP: there is no log file to reopen; SIGTERM unmounts")
            return
        }
        do throws(Failure) {
            try file.reopen()
            note("the log file '\(file.path)' was reopened (SIGHUP)")
        } catch {
            note("\(error.message); the previous file stays open", level: .error)
        }
    }

    /// Writes a line whatever the threshold is.
    private func note(_ message: String, level: Logger.Level = .notice) {
        write(LogLine(level: level, label: "twiliofs", message: message, fields: [:]))
    }

    fileprivate func write(_ line: LogLine) {
        queue.withLock { $0 }?.add(entry(of: line))
    }

    private func entry(of line: LogLine) -> LogQueue.Entry {
        // The system's log adds the time itself.
        let hasTime = if case .systemLog = destination { false } else { true }
        return LogQueue.Entry(text: line.rendered(as: format, hasTime: hasTime), level: line.level)
    }

    /// Writes a line, which may take as long as its reader wants.
    private func perform(_ entry: LogQueue.Entry) {
        switch destination {
        case .standardError: StandardError.write(entry.text + "\n")
        case .systemLog: SystemLog.write(entry.text, level: entry.level)
        case .file(let file): append(entry.text, to: file)
        }
    }

    private func append(_ line: String, to file: LogFile) {
        if let reason = file.append(line) {
            let isFirst = state.withLock { state in
                state.lostLines += 1
                defer { state.hasComplained = true }
                return !state.hasComplained
            }
            // While it is being mounted that is a terminal, also of what goes on in the background.
            if isFirst {
                Failure.show(
                    "warning: the log file '\(file.path)' can't be written: \(reason); lines are lost until it can")
            }
            return
        }
        let lost = state.withLock { state in
            defer { state.lostLines = 0 }
            return state.lostLines
        }
        let lines = lost == 1 ? "line" : "lines"
        if lost > 0 { note("\(lost) \(lines) before could not be written to the log file", level: .warning) }
    }
}

/// Hands what is logged to a ``LogOutput``.
private struct OutputLogHandler: LogHandler {
    let label: String
    let output: LogOutput
    var metadata: Logger.Metadata = [:]

    /// The output's, since a signal changes it for all loggers at once.
    var logLevel: Logger.Level {
        get { output.threshold }
        set {}
    }

    init(label: String, output: LogOutput) {
        self.label = label
        self.output = output
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var fields = metadata.merging(event.metadata ?? [:]) { _, new in new }
        var message = "\(event.message)"
        if let error = event.error {
            message += ": \(error.explanation)"
            fields.merge(error.chainedFields.mapValues { .string($0) }) { logged, _ in logged }
        }
        output.write(LogLine(level: event.level, label: label, message: message, fields: fields))
    }
}
