# frozen_string_literal: true

require "securerandom"

# Who is logged in under which session id: on the server, where a log-out can end a session. Rack's
# own pool makes one for every request and keeps it for good.
#
# A session also ends when nobody has used it for a while, and after a working day. If there are too
# many, the least recently used one ends.
class Sessions
  Session = Struct.new(:user, :ends, :idle_from)

  def initialize(idle_seconds:, lifetime_seconds:, limit:)
    @idle_seconds = idle_seconds
    @lifetime_seconds = lifetime_seconds
    @limit = limit
    @sessions = {} # By id, the least recently used one first.
    @lock = Mutex.new
  end

  # A session id that nobody can guess.
  def start(user)
    id = SecureRandom.urlsafe_base64(32)
    @lock.synchronize do
      @sessions[id] = Session.new(user, now + @lifetime_seconds, now + @idle_seconds)
      # The first in line has been idle the longest.
      @sessions.shift while @sessions.size > @limit || @sessions.first.last.idle_from <= now
    end
    id
  end

  # Who is logged in, or nil.
  def user(id)
    @lock.synchronize do
      session = @sessions.delete(id)
      return unless session && now < session.ends && now < session.idle_from

      session.idle_from = now + @idle_seconds
      @sessions[id] = session
      session.user
    end
  end

  def end(id)
    @lock.synchronize { @sessions.delete(id) }
  end

  private

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end
