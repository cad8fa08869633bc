import Glibc
import Logging
import Support

/// Writes log lines from a threshold on, in one format, to one destination.
final class LogOutput: Sendable {
    enum Destination {
        case standardError, systemLog
        case file(LogFile)
    }

    private let format: LogFormat
    private let destination: Destination
    /// The threshold without debug logging.
    private let leastLevel: Logger.Level

    private struct State {
        var isDebugging = false
        /// The number of lines that couldn't be written to the file since the last one that could.
        var lostLines = 0
        /// Whether a warning of lost lines was written to standard error.
        var hasComplained = false
    }

    private let state = Locked(State())
    /// The queue of lines to write; nil only in the initializer, since the queue calls this object.
    private let queue = Locked<LogQueue?>(nil)

    init(format: LogFormat, destination: Destination, leastLevel: Logger.Level) {
        self.format = format
        self.destination = destination
        self.leastLevel = leastLevel
        if case .systemLog = destination { SystemLog.open() }
        let queue = LogQueue { [weak self] entries, lostCount in
            guard let self else { return }
            for entry in entries { perform(entry) }
            CrashSignals.trimStandardError()
            guard lostCount > 0 else { return }
            let lines = lostCount == 1 ? "1 line was" : "\(lostCount) lines were"
            let message = "\(lines) lost here (nothing read the log in time)"
            // This bypasses the queue, where later lines may wait.
            perform(entry(of: LogLine(level: .warning, label: "twiliofs", message: message, fields: [:])))
        }
        self.queue.withLock { $0 = queue }
    }

    /// Waits until all lines are written, but no longer than a second: their reader may have stopped.
    func flush() { queue.withLock { $0 }?.flush(within: .seconds(1)) }
    /// A logger with this output.
    func logger() -> Logger { Logger(label: "twiliofs") { OutputLogHandler(label: $0, output: self) } }
    /// The current threshold.
    var threshold: Logger.Level { state.withLock(\.isDebugging) ? min(leastLevel, .debug) : leastLevel }
    /// Whether the lines reach nobody, because no system log listens.
    var isUnheard: Bool { if case .systemLog = destination { !SystemLog.isReachable } else { false } }

    /// Switches debug logging on or off.
    @Sendable func switchDebugging() {
        let isDebugging = state.withLock { state in
            state.isDebugging.toggle()
            return state.isDebugging
        }
        note("debug logging is \(isDebugging ? "on" : "off") (SIGUSR2)")
    }

    /// Opens the log file again by its name, if there is one.
    @Sendable func reopen() {
        guard case .file(let file) = destination else { return }
        do throws(Failure) {
            try file.reopen()
            note("the log file '\(file.path)' was reopened (SIGHUP)")
        } catch {
            note("\(error.message); the previous file stays open", level: .error)
        }
    }

    /// Logs a sentence, whatever the threshold is.
    private func note(_ message: String, level: Logger.Level = .notice) {
        write(LogLine(level: level, label: "twiliofs", message: message, fields: [:]))
    }

    fileprivate func write(_ line: LogLine) { queue.withLock { $0 }?.add(entry(of: line)) }

    private func entry(of line: LogLine) -> LogQueue.Entry {
        // The system's log adds the time itself.
        let hasTime = if case .systemLog = destination { false } else { true }
        return LogQueue.Entry(text: line.rendered(as: format, hasTime: hasTime), level: line.level)
    }

    /// Writes a line; blocks until its reader takes it.
    private func perform(_ entry: LogQueue.Entry) {
        switch destination {
        case .standardError: WholeWriting.write(entry.text + "\n", to: STDERR_FILENO)
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
            // During mounting, standard error is the terminal, also for a background mount.
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

/// Passes log events to a ``LogOutput``.
private struct OutputLogHandler: LogHandler {
    let label: String
    let output: LogOutput
    var metadata: Logger.Metadata = [:]

    /// The output's threshold, which a signal changes for all loggers at once.
    var logLevel: Logger.Level {
        get { output.threshold }
        set {}
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
