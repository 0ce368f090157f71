# A new service, on an empty SQLite file, identifies a visitor by the hmac that the command signs.
# Both programs are on the path, and the folder is empty.
set -eu

URL=http://127.0.0.1:18080
export IDENTITY_LISTEN=127.0.0.1:18080 IDENTITY_ADMIN_LISTEN=127.0.0.1:18081
identity-hmac-server migrate >migrated
identity-hmac-server org create 'Corner Shop' --secret-file shop.secret >shop
identity-hmac-server org verification "$(awk '/^id / { print $2 }' shop)" required >required
identity-hmac-server serve >log 2>&1 &
service=$!
tries=100
until identity-hmac-server healthcheck 2>/dev/null; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { cat log; exit 1; }
    sleep 0.1
done

curl --silent --fail $URL/readyz
key=$(awk '/^organization key/ { print $3 }' shop)
curl --silent --fail --request POST $URL/v1/visitors --header "X-Organization-Key: $key" >visitor
member() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/" visitor; }
hmac=$(identity-hmac sign --secret-file shop.secret "$(member visitorId)")
curl --silent --fail $URL/v1/identify --header "Authorization: Bearer $(member visitorToken)" \
    --header 'Content-Type: application/json' --data "{\"hmac\": \"$hmac\", \"name\": \"Jane\"}" |
    grep '"hmacVerified":true'
kill $service
wait $service
