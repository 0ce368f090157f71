# frozen_string_literal: true

require "delegate"
require "open3"
require "rbconfig"
require "support/route_vectors"
require "support/routes"

RSpec.describe "the guarded route" do
  detail = "the log of this server says what is wrong"
  failure = { "title" => "Internal Server Error", "status" => 500, "detail" => detail }

  before { Routes.logged }

  def put(app, **request)
    Routes.put(app, **request)
  end

  # What a program may take for a user.
  record = Struct.new(:id)
  # As a proxy does, it says that it is what it stands for.
  proxy = Class.new(SimpleDelegator) do
    def class = IdentityHmac::User
    def is_a?(type) = IdentityHmac::User <= type
    def nil? = true
  end

  Routes.all.each do |framework, make|
    describe "of #{framework}" do
      # What stands in the paths that a server takes, and can be a method of a request.
      sent = RouteVectors::CASES.select do |vector|
        request = vector[:request]
        vector[:kind] == "answered" && request[:remaining_path].empty? &&
          %w[GET HEAD POST PUT PATCH DELETE OPTIONS].include?(request[:method])
      end

      sent.each do |vector|
        it "answers as the vectors say: #{vector[:name]}" do
          allow(Time).to receive(:now).and_return(Time.at(vector[:now]))
          app, = make.call(RouteVectors.key_of(vector), visitor_id: RouteVectors.rule_of(vector)) do
            RouteVectors.user_of(vector)
          end
          response = put(app, **vector[:request].slice(:method, :query, :sec_fetch_site))
          answer = vector[:answer]
          expect(response.status).to eq answer[:status]
          answer[:headers].each { |name, value| expect(response[name.to_s]).to eq value }
          body = vector[:request][:method] == "HEAD" ? "" : answer[:body]
          expect(response.body).to eq body
        end
      end

      it "is behind the base path of its application" do
        app, = make.call(Routes::KEY) { Routes::JANE }
        whole = Rack::URLMap.new("/shop" => app)
        expect(put(whole, path: "/shop#{Routes::PATH}").body).to eq Routes::BODY
        [Routes::PATH, "/shop/shop#{Routes::PATH}"].each do |path|
          body = begin
            put(whole, path:).body
          rescue ActionController::RoutingError
            ""
          end
          expect(body).not_to include "hmac"
        end
      end

      it "has no proof at another path" do
        app, = make.call(Routes::KEY) { Routes::JANE }
        paths = ["/", "/any", "//", ".css", ".json"].map { |rest| Routes::PATH + rest }
        [*paths, "/x#{Routes::PATH}"].each do |path|
          status, body = begin
            response = put(app, path:)
            [response.status, response.body]
          rescue ActionController::RoutingError
            [404, ""]
          end
          expect(status).to eq(404), path
          expect(body).not_to include "hmac"
        end
      end

      {
        "true" => [true, TrueClass],
        "false" => [false, FalseClass],
        "an id" => ["user_123", String],
        "a Hash" => [{ external_id: "user_123" }, Hash],
        "a record" => [record.new(1), record],
        "a Proc" => [-> { Routes::JANE }, Proc],
        "a proxy" => [proxy.new(Routes::JANE), proxy],
        "a proxy of nobody" => [proxy.new(nil), proxy],
        "the class itself" => [IdentityHmac::User, Class],
        "an object without methods" => [BasicObject.new, BasicObject]
      }.each do |name, (nobody, type)|
        it "does not sign for #{name}" do
          app, = make.call(Routes::KEY) { nobody }
          response = put(app)
          expect([response.status, JSON.parse(response.body)]).to eq [500, failure]
          expect(response["Content-Type"]).to eq "application/problem+json"
          expect(response["Cache-Control"]).to eq "no-store"
          expect(Routes.logged)
            .to include "the user of the session is #{type}, which is never signed for"
        end
      end

      it "says in the log alone that a user has no id, or what no token can hold" do
        key = IdentityHmac::TokenKey.new("itk_9f2c41aa_#{"c0ffee00" * 8}")
        make.call(key) { IdentityHmac::User.new("") }
            .then { |app, _| expect(put(app).status).to eq 500 }
        expect(Routes.logged).to include "the claim sub is empty or blank"
        app, = make.call(key) { IdentityHmac::User.new("user_123", email: "jane") }
        expect(JSON.parse(put(app, query: Routes::QUERY).body)).to eq failure
        logged = Routes.logged[/^.*the chat identity route cannot answer.*$/]
        expect(logged).to include "claim email"
        expect(logged.sub("as in jane@example.com", ""))
          .not_to match(/user_123|jane|c0ffee|#{Routes::VISITOR_ID}/)
      end

      it "reads a key at the first request, and once" do
        read = 0
        app, = make.call(-> { (read += 1) && Routes::KEY }) { Routes::JANE }
        expect(read).to eq 0
        2.times { expect(put(app).body).to eq Routes::BODY }
        expect(read).to eq 1
      end

      it "answers 500 while its key is not there, and says why when it is asked to be ready" do
        app, route = make.call(-> { IdentityHmac::Key.from_env("CHAT_SECRET") }) { Routes::JANE }
        expect(JSON.parse(put(app).body)).to eq failure
        expect { route.ready }.to raise_error(IdentityHmac::Error, /CHAT_SECRET is not set/)
        with_env("CHAT_SECRET", "s3cret") { expect(route.ready).to be_nil }
        expect(put(app).body).to eq Routes::BODY
      end

      it "takes nothing else for a key" do
        app, route = make.call(-> { "s3cret" }) { Routes::JANE }
        expect(put(app).status).to eq 500
        expect { route.ready }.to raise_error(TypeError, "key gave String, not " \
                                                         "IdentityHmac::Key or " \
                                                         "IdentityHmac::TokenKey")
        ["s3cret", nil].each do |key|
          expect { make.call(key) { nil } }.to raise_error(TypeError, /\Akey must be an Identity/)
        end
      end

      it "refuses a rule for visitor ids that is none" do
        ["visitor_1", /visitor_1/e].each do |visitor_id|
          expect { make.call(Routes::KEY, visitor_id:) { nil } }
            .to raise_error(TypeError, /\Avisitor_id must be/)
        end
        [1, "yes", nil].each do |said|
          app, = make.call(Routes::KEY, visitor_id: ->(_) { said }) { Routes::JANE }
          expect(put(app).status).to eq 500
          expect(Routes.logged).to include "visitor_id gave #{said.class}, not true or false"
        end
      end

      it "has to have a block" do
        expect { make.call(Routes::KEY) }
          .to raise_error(ArgumentError, "give a block that finds the user of a request")
      end

      it "lets the framework have what the program itself raises" do
        app, = make.call(Routes::KEY) { raise KeyError, "of the program" }
        expect { put(app) }.to raise_error(KeyError, "of the program")
      end
    end
  end

  it "signs an id that a pattern matches as a whole" do
    [/visitor_[0-9]$/, /visitor_[0-9] # as the chat makes them/x, /visitor_\d|ot/i].each do |rule|
      app, = Routes.rack(Routes::KEY, visitor_id: rule) { Routes::JANE }
      expect(put(app, query: "visitorId=visitor_1").status).to eq 200
      ["visitor_1%0A", "visitor_12", "a%0Avisitor_1", "other", Routes::VISITOR_ID].each do |id|
        expect(put(app, query: "visitorId=#{id}").status).to eq 400
      end
    end
  end

  it "stands at the path that the program chooses" do
    Routes.all.each_value do |make|
      app, = make.call(Routes::KEY, path: "/proof") { Routes::JANE }
      expect(put(app, path: "/proof").body).to eq Routes::BODY
    end
  end

  it "loads no framework" do
    program = "require 'identity_hmac'; p [defined?(Rack), defined?(Rails), defined?(Sinatra)]"
    output, = Open3.capture2e(RbConfig.ruby, "-e", program)
    expect(output).to eq "[nil, nil, nil]\n"
  end

  describe "as a Rack application" do
    it "answers 404 below its path where it is mounted" do
      app, = Routes.rack(Routes::KEY) { Routes::JANE }
      mounted = Rack::URLMap.new(Routes::PATH => app)
      expect(put(mounted).status).to eq 200
      ["/any", "/"].each do |rest|
        expect(put(mounted, path: Routes::PATH + rest).status).to eq 404
      end
    end

    it "has headers whose names are in lower case, as Rack 3 wants them" do
      app = IdentityHmac::Rack::ChatIdentityApp.new(Routes::KEY) { Routes::JANE }
      %w[GET POST].each do |method|
        _, headers, = app.call(Rack::MockRequest.env_for(Routes::PATH, method:))
        expect(headers.keys).to all match(/\A[a-z-]+\z/)
        expect(headers.merge({ "x" => "y" })).not_to be_frozen
      end
    end
  end

  describe "of Sinatra" do
    it "sees the session that the application's own log-in set, and lets its block return" do
      app = Sinatra.new do
        enable :sessions
        register IdentityHmac::Sinatra
        before { headers "Vary" => "Accept" }
        post("/login") { session[:user] = "user_123" }
        chat_identity Routes::KEY do
          return unless session[:user]

          IdentityHmac::User.new(session[:user])
        end
      end
      expect(put(app).status).to eq 401
      cookie = put(app, method: "POST", path: "/login")["Set-Cookie"][/[^;]+/]
      response = put(app, HTTP_COOKIE: cookie)
      expect([response.body, response["Vary"]]).to eq [Routes::BODY, "Accept, Cookie"]
    end

    it "has no proof behind a slash where paths are not strict" do
      app = Sinatra.new do
        set :strict_paths, false
        register IdentityHmac::Sinatra
        chat_identity(Routes::KEY) { Routes::JANE }
      end
      expect(put(app).status).to eq 200
      expect(put(app, path: "#{Routes::PATH}/").status).to eq 404
    end
  end

  describe "of Rails" do
    def controller(base = Routes::ApplicationController, &block)
      Class.new(base) do
        include IdentityHmac::Rails::ChatIdentity
        class_eval(&block) if block
      end
    end

    it "runs its block as a method of the controller, in which return works" do
      type = controller do
        chat_identity Routes::KEY do
          return unless current_user

          IdentityHmac::User.new(current_user)
        end

        private

        def current_user = cookies[:user]
      end
      # Whatever inherits from it has the same route.
      [type, Class.new(type)].each do |shown|
        app = Routes.rails_app(shown)
        expect(put(app).status).to eq 401
        expect(put(app, HTTP_COOKIE: "user=user_123").body).to eq Routes::BODY
      end
      expect(type.action_methods.to_a).to eq ["show"]
    end

    it "adds Cookie to what the answer varies by" do
      type = controller do
        before_action { response.set_header("Vary", vary) }
        define_method(:vary) { params[:vary] }
        private :vary
        chat_identity(Routes::KEY) { Routes::JANE }
      end
      app = Routes.rails_app(type)
      { "Accept" => "Accept, Cookie", "cookie" => "cookie", "*" => "*" }.each do |vary, expected|
        response = put(app, query: "#{Routes::QUERY}&vary=#{vary}")
        expect(response["Vary"]).to eq expected
      end
    end

    it "works in a controller of an API" do
      type = controller(ActionController::API) { chat_identity(Routes::KEY) { Routes::JANE } }
      expect(put(Routes.rails_app(type)).body).to eq Routes::BODY
    end

    it "says so if nobody has said whom to sign for" do
      app = Routes.rails_app(controller)
      expect { put(app) }.to raise_error(RuntimeError, /\Acall chat_identity in #<Class/)
    end
  end
end
