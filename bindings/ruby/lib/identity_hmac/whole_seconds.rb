# frozen_string_literal: true

module IdentityHmac
  # Ruby's times and durations as the extension takes them: whole seconds, rounded down, that fit
  # into 64 bits. What does not fit becomes the nearest that does, since the core has the limits.
  module WholeSeconds # :nodoc:
    def self.of(duration, name)
      # ActiveSupport's durations say that they are Numeric.
      return fit(duration.to_i) if duration.is_a?(Numeric)

      raise TypeError, "#{name} must be a number of seconds or a duration, not #{duration.class}"
    end

    def self.since_epoch(time, name)
      unless time.is_a?(Time) || time.is_a?(Numeric)
        raise TypeError,
              "#{name} must be a Time or a number of seconds since 1970, not #{time.class}"
      end
      raise ArgumentError, "#{name} is not a time after 1970, in seconds" if time.to_i.negative?

      fit(time.to_i)
    end

    def self.fit(seconds)
      seconds.clamp(0, (2**64) - 1)
    end
    private_class_method :fit
  end
  private_constant :WholeSeconds
end
